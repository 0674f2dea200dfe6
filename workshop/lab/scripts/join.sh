# Runs a command in other cgroups: join.sh CGROUP... -- COMMAND...
while [ "$1" != -- ]; do
	echo $$ >"$1/cgroup.procs"
	shift
done
shift
exec "$@"
