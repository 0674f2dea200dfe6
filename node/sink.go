package node

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

const (
	blockSize = 1 << 20 // what is written at once
	blocks    = 3       // one is filled while one is hashed and one is written
	alignment = 4096    // what O_DIRECT wants of addresses, offsets and lengths, on every common disk
)

var errTooLong = errors.New("too long")

// sink writes a content to its file and hashes it, each on a goroutine of its own. It goes around
// the page cache where it can: a gigabyte of programs costs 0.1 s of the processor's time then
// instead of some 2 s, is on the disk when it is written, and does not push out what the host is
// using.
type sink struct {
	file   *os.File
	size   int64
	direct bool

	block  []byte // being filled
	filled int
	taken  int64 // bytes taken in

	free    chan []byte
	hashing chan piece
	writing chan piece
	done    sync.WaitGroup
	sum     [sha256.Size]byte
	written int64
	err     error // of writing; read it when done
}

// piece is a block with what it holds.
type piece struct {
	block []byte
	n     int
}

// newSink returns a sink for a content of that many bytes.
func newSink(file *os.File, size int64) *sink {
	s := &sink{
		file: file, size: size, direct: goDirect(file),
		free: make(chan []byte, blocks), hashing: make(chan piece, blocks), writing: make(chan piece, blocks),
	}
	for range blocks {
		s.free <- alignedBlock()
	}
	s.block = <-s.free
	s.done.Go(s.hash)
	s.done.Go(s.write)
	return s
}

// alignedBlock is a block whose address O_DIRECT accepts.
func alignedBlock() []byte {
	b := make([]byte, blockSize+alignment)
	offset := alignment - int(uintptr(unsafe.Pointer(unsafe.SliceData(b)))%alignment)
	return b[offset : offset+blockSize]
}

// Write takes in bytes; they are hashed and written later.
func (s *sink) Write(data []byte) (int, error) {
	total := len(data)
	if s.taken+int64(total) > s.size {
		return 0, errTooLong
	}
	s.taken += int64(total)
	for len(data) > 0 {
		n := copy(s.block[s.filled:], data)
		data = data[n:]
		if s.filled += n; s.filled == blockSize {
			s.pass()
		}
	}
	return total, nil
}

// pass hands the block on and takes the next free one.
func (s *sink) pass() {
	s.hashing <- piece{s.block, s.filled}
	s.block, s.filled = <-s.free, 0
}

func (s *sink) hash() {
	defer close(s.writing)
	hash := sha256.New()
	for p := range s.hashing {
		hash.Write(p.block[:p.n])
		s.writing <- p
	}
	hash.Sum(s.sum[:0])
}

func (s *sink) write() {
	for p := range s.writing {
		if s.err == nil {
			s.err = s.put(p)
		}
		s.free <- p.block
	}
}

// put writes a block. The last one is padded to what the disk takes, and the padding is cut off
// again.
func (s *sink) put(p piece) error {
	data := p.block[:p.n]
	if rest := p.n % alignment; s.direct && rest != 0 {
		data = p.block[:p.n+alignment-rest]
		clear(data[p.n:])
	}
	n, err := s.file.Write(data)
	if errors.Is(err, syscall.EINVAL) && s.direct && n <= 0 {
		// The file system took the flag and does not keep it.
		if err := s.cached(); err != nil {
			return err
		}
		return s.put(p)
	}
	if err != nil {
		return err
	}
	s.written += int64(p.n)
	if n > p.n {
		return s.file.Truncate(s.written)
	}
	return nil
}

// finish waits until all is written, and returns the sum of it in hex.
func (s *sink) finish() (sum string, err error) {
	if s.filled > 0 {
		s.pass()
	}
	close(s.hashing)
	s.done.Wait()
	return hex.EncodeToString(s.sum[:]), s.err
}
