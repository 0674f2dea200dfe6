package converge
