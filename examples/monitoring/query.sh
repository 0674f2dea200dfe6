#!/bin/sh
# query.sh PASSWORD-FILE QUERY prints what curl asks the store, for its option -K: so the password is in no argument.
set -eu
printf 'user = "monitoring:%s"\n' "$(cat "$1")"
printf 'data-urlencode = "query=%s"\n' "$(printf %s "$2" | sed 's/["\\]/\\&/g')"
printf 'url = "https://192.168.56.11:30429/api/v1/query"\ncacert = "/etc/kubernetes/pki/ca.crt"\nsilent\nshow-error\n'
