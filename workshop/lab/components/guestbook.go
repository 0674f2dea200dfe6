package components

import "time"

// What examples/guestbook runs are Debian's builds of what the images of Docker's library have,
// under the names of those. Whatever Debian has of PHP 8.2 is the newest of it.
const (
	redisVersion = "7.0.15"
	phpVersion   = "8.2.36"
	phpTag       = "8.2-cli"
)

// redis has a shell, as the image of its name has.
func redis() recipe {
	return recipe{
		Name: "redis", Version: redisVersion, OnRequest: true, Takes: 10 * time.Second,
		Source: sources{
			debianRoot{
				Root:     "redis",
				Packages: map[string]string{"redis-tools": redisVersion},
				Libraries: []string{
					"libatomic1", "libc6", "libcap2", "libgcc-s1", "libgcrypt20", "libgpg-error0",
					"libjemalloc2", "liblz4-1", "liblzf1",
					"liblzma5", "libssl3", "libstdc++6", "libsystemd0", "libzstd1",
				},
				Take: map[string]string{
					"usr/local/bin/redis-cli": "usr/bin/redis-cli",
					// One program is all of them, by the name that it is called by.
					"usr/local/bin/redis-server": "usr/bin/redis-check-rdb",
				},
			},
			debianPackages{
				Packages: map[string]string{"busybox-static": busyboxVersion},
				Take:     map[string]string{"busybox": "bin/busybox"},
			},
		},
		Artifacts: []artifact{{
			"https://docker.io/library/redis/" + redisVersion + ".tar",
			image{
				Tag: "docker.io/library/redis:" + redisVersion, Root: "redis",
				Members: []member{{"/bin/busybox", "busybox"}},
				Applets: "busybox",
				Dirs:    []string{"/data", "/tmp"},
				Cmd:     []string{"redis-server"},
			},
		}},
	}
}

// php is the command of PHP, which has a web server.
func php() recipe {
	return recipe{
		Name: "php", Version: phpVersion, OnRequest: true, Takes: 10 * time.Second,
		Source: debianRoot{
			Root:     "php",
			Packages: map[string]string{"php8.2-cli": phpVersion},
			Libraries: []string{
				"libargon2-1", "libc6", "libgcc-s1", "libicu72", "liblzma5", "libpcre2-8-0", "libsodium23", "libssl3",
				"libstdc++6", "libxml2", "zlib1g",
			},
			Take: map[string]string{"usr/local/bin/php": "usr/bin/php8.2"},
		},
		Artifacts: []artifact{{
			"https://docker.io/library/php/" + phpTag + ".tar",
			image{
				Tag: "docker.io/library/php:" + phpTag, Root: "php",
				Dirs: []string{"/tmp"},
				Cmd:  []string{"php", "-a"},
			},
		}},
	}
}
