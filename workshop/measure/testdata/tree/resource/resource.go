package resource

type Resource interface{ ID() string }

var kinds = []any{kind[File](), kind[Link](), Swap{}}
