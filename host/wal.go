package host

import (
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
}

// etcdData looks into etcd's data directory.
func (s surveyor) etcdData(dir string) EtcdData {
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

// The types of records in a write-ahead log (etcd, server/storage/wal/wal.go).
const walMetadataType = 1

// walMetadata reads the member's and the cluster's ID from the beginning of a write-ahead log,
// where every file of it has them. A record is its length in eight bytes, of which the highest
// holds the padding, and then a protobuf of type, sum and data; the data of this one is a protobuf
// of the two IDs.
func walMetadata(path string) (member, cluster uint64, ok bool) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, false
	}
	defer file.Close()
	for range 4 { // the sum of the file before comes first, then the metadata
		var head [8]byte
		if _, err := io.ReadFull(file, head[:]); err != nil {
			return 0, 0, false
		}
		field := binary.LittleEndian.Uint64(head[:])
		size, padding := field&^(0xff<<56), uint64(0)
		if field>>63 == 1 {
			padding = field >> 56 & 7
		}
		if size == 0 || size > 1<<20 {
			return 0, 0, false // preallocated, or no log at all
		}
		record := make([]byte, size+padding)
		if _, err := io.ReadFull(file, record); err != nil {
			return 0, 0, false
		}
		numbers, texts := Protobuf(record[:size])
		if numbers[1] == walMetadataType {
			ids, _ := Protobuf(texts[3])
			return ids[1], ids[2], ids[2] != 0
		}
	}
	return 0, 0, false
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
