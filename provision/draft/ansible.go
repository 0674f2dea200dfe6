package draft

import "kbootstrap/fault"

func AnsibleFile(path string) (Source, error) { return Source{}, fault.ForeignInventory.Errorf("%s: not yet", path) }
