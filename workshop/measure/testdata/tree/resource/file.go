package resource

type File struct{ Path string }

func (f File) ID() string      { return f.Path }
func (File) State() string     { return "" }
func (File) Observe() Resource { return File{} }
func (File) Apply()            {}
