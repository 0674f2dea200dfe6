package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"kbootstrap/workshop/lab"
	"kbootstrap/workshop/light"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	inside, code, err := light.Enter(ctx)
	if !inside {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	}
	if err := thin(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func thin(ctx context.Context) error {
	n, _ := strconv.Atoi(os.Args[2])
	dir, _ := filepath.Abs(os.Args[1])
	base, err := lab.BaseRoot(ctx, lab.DefaultImage, func(string, ...any) {})
	if err != nil {
		return err
	}
	begin := time.Now()
	l, err := light.Up(ctx, light.Spec{Dir: dir, Base: base, Hosts: n, Kubernetes: "v1.36.3", Programs: 64 << 10})
	if err != nil {
		return err
	}
	fmt.Println("booted", time.Since(begin))
	if _, err := l.Inventory("direct", n, light.Direct); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "/bin/bash", "-c", os.Args[3])
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "KBOOTSTRAP_CACHE="+filepath.Join(dir, "cache"), "PATH=/work/scale/bin:"+os.Getenv("PATH"))
	return cmd.Run()
}
