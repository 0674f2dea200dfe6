# Hands a listening socket, file descriptor 3, to a program that expects it from systemd: forward.sh COMMAND...
LISTEN_PID=$$ LISTEN_FDS=1
export LISTEN_PID LISTEN_FDS
exec "$@"
