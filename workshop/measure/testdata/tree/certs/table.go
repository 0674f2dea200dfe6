package certs

var table = []string{"flannel"}
