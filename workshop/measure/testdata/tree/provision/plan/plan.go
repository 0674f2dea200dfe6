package plan

func build() int { return walk(1) }
