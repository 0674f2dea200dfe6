//go:build e2e && hosts

package e2e

import (
	"fmt"
	"strings"
	"time"
)

// zookeeperPackages are what ZooKeeper runs with, of Debian.
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
	l.unpack(l.debian(zookeeperPackages...), []string{"usr", "etc"}, host, "/")
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
