package host

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"io"
	"os"
	"slices"
	"strconv"
	"time"
)

// EtcdData is what lies in etcd's data directory, read without etcd.
type EtcdData struct {
	// Entries are the names in the directory; none when it is empty or not there.
	Entries []string
	// ClusterID and MemberID are in hex as etcdctl prints them; empty when there is no write-ahead
	// log.
	ClusterID, MemberID string
	Modified            time.Time // when the newest part of the log was last written
	// Last is the last entry of the log; it is zero when it was not asked for.
	Last LogEntry
}

// LogEntry is the place of an entry in the log of raft. Of two logs the one with the later last
// entry has more of what the cluster was told.
type LogEntry struct{ Term, Index uint64 }

// Compare orders entries as raft does in an election.
func (e LogEntry) Compare(other LogEntry) int {
	return cmp.Or(cmp.Compare(e.Term, other.Term), cmp.Compare(e.Index, other.Index))
}

// etcdData looks into etcd's data directory.
func (s surveyor) etcdData(dir string, last bool) EtcdData {
	var found EtcdData
	if dir == "" {
		return found
	}
	entries, _ := os.ReadDir(s.Path(dir))
	for _, e := range entries {
		found.Entries = append(found.Entries, e.Name())
	}
	if member, cluster, log := s.logIDs(dir); log != "" {
		found.MemberID, found.ClusterID = strconv.FormatUint(member, 16), strconv.FormatUint(cluster, 16)
		if info, err := os.Stat(log); err == nil {
			found.Modified = info.ModTime().UTC()
		}
		if last {
			found.Last = s.lastEntry(dir)
		}
	}
	return found
}

// EtcdMemberID returns the ID of the member whose data lies in a directory; 0 when no write-ahead
// log tells.
func (r Root) EtcdMemberID(dir string) uint64 {
	member, _, _ := r.logIDs(dir)
	return member
}

// logIDs returns the IDs that the newest readable part of a write-ahead log has, and its path; ""
// when there is none.
func (r Root) logIDs(dir string) (member, cluster uint64, path string) {
	for _, log := range slices.Backward(r.logs(dir)) {
		if member, cluster, ok := walMetadata(log); ok {
			return member, cluster, log
		}
	}
	return 0, 0, ""
}

// lastEntry returns the last entry of a write-ahead log. A new part of a log begins without one.
func (r Root) lastEntry(dir string) LogEntry {
	for _, log := range slices.Backward(r.logs(dir)) {
		var last LogEntry
		readWAL(log, func(kind uint64, data []byte) bool {
			if kind == walEntryType {
				entry, _ := Protobuf(data)
				last = LogEntry{Term: entry[2], Index: entry[3]} // a later one takes the place of an earlier one
			}
			return true
		})
		if last != (LogEntry{}) {
			return last
		}
	}
	return LogEntry{}
}

// The types of records in a write-ahead log (etcd, server/storage/wal/wal.go).
const (
	walMetadataType = 1
	walEntryType    = 2
)

// maxWALRecord is more than the largest record: a request of etcd has at most 1.5 MiB, unless a
// flag says otherwise.
const maxWALRecord = 64 << 20

// walMetadata reads the member's and the cluster's ID from the beginning of a write-ahead log,
// where every file of it has them: the sum of the file before comes first, then the metadata, a
// protobuf of the two IDs.
func walMetadata(path string) (member, cluster uint64, ok bool) {
	left := 4
	readWAL(path, func(kind uint64, data []byte) bool {
		if kind == walMetadataType {
			ids, _ := Protobuf(data)
			member, cluster, ok = ids[1], ids[2], ids[2] != 0
			return false
		}
		left--
		return left > 0
	})
	return member, cluster, ok
}

// readWAL reads the records of a part of a write-ahead log until take returns false or the log
// ends. A record is its length in eight bytes, of which the highest holds the padding, and then a
// protobuf of type, sum and data.
func readWAL(path string, take func(kind uint64, data []byte) bool) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	buffered := bufio.NewReader(file)
	for {
		var head [8]byte
		if _, err := io.ReadFull(buffered, head[:]); err != nil {
			return
		}
		field := binary.LittleEndian.Uint64(head[:])
		size, padding := field&^(0xff<<56), uint64(0)
		if field>>63 == 1 {
			padding = field >> 56 & 7
		}
		if size == 0 || size > maxWALRecord {
			return // preallocated, or no log at all
		}
		record := make([]byte, size+padding)
		if _, err := io.ReadFull(buffered, record); err != nil {
			return
		}
		numbers, texts := Protobuf(record[:size])
		if !take(numbers[1], texts[3]) {
			return
		}
	}
}

// Protobuf reads the numbers and the byte strings of a message, by their field numbers. What it
// cannot read ends it.
func Protobuf(message []byte) (numbers map[uint64]uint64, texts map[uint64][]byte) {
	numbers, texts = map[uint64]uint64{}, map[uint64][]byte{}
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		if n <= 0 {
			break
		}
		message = message[n:]
		value, n := binary.Uvarint(message)
		if n <= 0 {
			break
		}
		message = message[n:]
		switch key & 7 {
		case 0:
			numbers[key>>3] = value
		case 2:
			if value > uint64(len(message)) {
				return numbers, texts
			}
			texts[key>>3], message = message[:value], message[value:]
		default:
			return numbers, texts
		}
	}
	return numbers, texts
}
