package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/viper"

	"kbootstrap/cmd/internal/cli"
)

// settings are the flags that may be set once for all commands: by KBOOTSTRAP_INVENTORY and the
// like in the environment, or by a key in config.yaml of kbootstrap's directory in the user's
// configuration directory. A flag wins over the environment, and the environment over the file.
// What a command does, and to which hosts, is never a setting.
var settings = []string{"inventory", "quiet", "verbose", "no-color", "progress", "bundle", "identity"}

// applySettings gives the flags of a command that were not typed the values of the user's settings.
// The inventory itself is not read by viper, which would fold the case of its keys and split them
// at dots.
func applySettings(c *cobra.Command) error {
	v := viper.New()
	v.SetEnvPrefix("kbootstrap")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	for _, name := range settings {
		if err := v.BindEnv(name); err != nil {
			return err
		}
	}
	if dir, err := os.UserConfigDir(); err == nil {
		v.SetConfigFile(filepath.Join(dir, "kbootstrap", "config.yaml"))
		if err := v.ReadInConfig(); err != nil && !errors.Is(err, os.ErrNotExist) {
			return cli.UsageError{Err: fmt.Errorf("%s: %w", v.ConfigFileUsed(), err)}
		}
	}
	for _, name := range settings {
		flag := c.Flags().Lookup(name)
		if flag == nil || flag.Changed || !v.IsSet(name) {
			continue
		}
		if err := c.Flags().Set(name, v.GetString(name)); err != nil {
			return cli.UsageError{Err: fmt.Errorf("setting %s: %w", name, err)}
		}
		flag.Changed = false // the user did not type it, which matters for a plan that names its own inventory
	}
	return nil
}
