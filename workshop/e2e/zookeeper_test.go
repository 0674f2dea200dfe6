//go:build e2e && hosts

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// zookeeperPackages are what ZooKeeper runs with, of Debian. They are unpacked and not installed:
// the hosts of the lab reach no mirror, and have no place for all that the packages depend on.
var zookeeperPackages = []string{
	"libzookeeper-java", "openjdk-17-jre-headless", "libcommons-cli-java", "libcommons-io-java",
	"libdropwizard-metrics-java", "libjackson2-annotations-java", "libjackson2-core-java", "libjackson2-databind-java",
	"libnetty-java", "libslf4j-java", "libsnappy-java",
}

// zookeeperJars are the patterns of the jars that are loaded.
var zookeeperJars = []string{
	"zookeeper.jar", "zookeeper-jute.jar", "slf4j-api.jar", "slf4j-simple.jar", "metrics-core.jar", "commons-cli.jar",
	"commons-io.jar", "jackson-*.jar", "netty-*.jar", "snappy-java.jar",
}

// zookeeper runs a ZooKeeper on a host that is not in the cluster.
func (l *lab) zookeeper(host string) {
	l.t.Helper()
	work := l.t.TempDir()
	download := append([]string{"-c", `cd "$0" && exec apt-get download "$@"`, work}, zookeeperPackages...)
	if r := l.runs(5*time.Minute, "sh", download...); r.code != 0 {
		l.fatalf("download ZooKeeper: exit %d\n%s", r.code, r.stderr)
	}
	packages, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(packages) != len(zookeeperPackages) {
		l.fatalf("downloaded are %q: %v", packages, err)
	}
	for _, p := range packages {
		if r := l.runs(time.Minute, "dpkg-deb", "--extract", p, filepath.Join(work, "tree")); r.code != 0 {
			l.fatalf("%s: %s", p, r.stderr)
		}
	}
	l.unpack(filepath.Join(work, "tree"), []string{"usr", "etc"}, host, "/")
	config := "tickTime=2000\ndataDir=/var/lib/zookeeper\nclientPort=2181\nadmin.enableServer=false\n" +
		"4lw.commands.whitelist=ruok\n"
	l.input(strings.NewReader(config), host, "tee", "/etc/zoo.cfg")
	jars := "/usr/share/java/" + strings.Join(zookeeperJars, " /usr/share/java/")
	l.exec(host, "sh", "-c", fmt.Sprintf("mkdir -p /var/lib/zookeeper && exec systemd-run --unit zookeeper --quiet "+
		"/usr/lib/jvm/java-17-openjdk-amd64/bin/java -Xmx128m -cp \"$(echo %s | tr ' ' :)\" "+
		"org.apache.zookeeper.server.quorum.QuorumPeerMain /etc/zoo.cfg", jars))
	l.exec(host, "firewall-cmd", "--add-port=2181/tcp") // as the example says
	l.eventually(time.Minute, "an answer of ZooKeeper", contains("imok"), host, "bash", "-c",
		"exec 3<>/dev/tcp/127.0.0.1/2181 && echo -n ruok >&3 && cat <&3")
}
