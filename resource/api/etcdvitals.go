package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/resource"
)

// EtcdVitals is what an etcd member tells of itself. It needs no quorum for that.
type EtcdVitals struct {
	Error  string // why it does not tell; empty when it does
	Member string // its ID, which is not its name
	Leader string // the ID of the member that leads; empty when none does
	// Size is how large its database is on the disk, Used how much of that is in use, and Quota how
	// large it may become, in bytes. Quota is 0 before etcd 3.6, which does not tell.
	Size, Used, Quota int64
	Alarms            []string // of all members: "NOSPACE", "CORRUPT"
}

// etcdVitals asks a member through its gateway for JSON; nil when no member is to be asked.
func etcdVitals(ctx context.Context, sys *host.System, at resource.Ready) *EtcdVitals {
	if at.URL == "" {
		return nil
	}
	v := &EtcdVitals{}
	if err := v.take(ctx, sys, at); err != nil {
		*v = EtcdVitals{Error: human.OneLine(err.Error())}
	}
	return v
}

// alarm is an alarm among the errors of a member: "memberID:81 alarm:NOSPACE ".
var alarm = regexp.MustCompile(`\balarm:(\w+)`)

func (v *EtcdVitals) take(ctx context.Context, sys *host.System, at resource.Ready) error {
	client, err := at.Client(sys)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	url := at.URL + "/v3/maintenance/status"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMembers))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, human.OneLine(string(body)))
	}
	// go.etcd.io/etcd/api/v3/etcdserverpb.StatusResponse; the gateway writes 64-bit numbers as
	// texts.
	var status struct {
		Header struct {
			Member string `json:"member_id"`
		}
		Leader      string
		DBSize      string `json:"dbSize"`
		DBSizeInUse string `json:"dbSizeInUse"`
		DBSizeQuota string `json:"dbSizeQuota"`
		Errors      []string
	}
	if err := json.Unmarshal(body, &status); err != nil {
		return fmt.Errorf("status: %w", err)
	}
	number := func(text string) int64 {
		n, _ := strconv.ParseInt(text, 10, 64) // what is not told is 0
		return n
	}
	v.Member, v.Size, v.Used = status.Header.Member, number(status.DBSize), number(status.DBSizeInUse)
	v.Quota = number(status.DBSizeQuota)
	if status.Leader != "0" {
		v.Leader = status.Leader
	}
	for _, text := range status.Errors {
		if found := alarm.FindStringSubmatch(text); found != nil {
			v.Alarms = append(v.Alarms, found[1])
		}
	}
	return nil
}
