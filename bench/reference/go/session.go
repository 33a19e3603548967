package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
)

// What a pipe holds.
const readBytes = 64 * 1024

// As the engine's own reader of frames.
const frameMax = 1024 * 1024

type session struct {
	fifo    *os.File
	nats    *nats.Conn
	subject string
	// All of the message that does not change from line to line, up to the time.
	prefix  []byte
	message []byte
	// What has been read; `kept` bytes of a frame whose rest has not come stand in front.
	input []byte
	kept  int
	// Pieces of lines that the engine has cut: stdout, stderr.
	pieces [2][]byte
	// The second that `secondText` is about.
	second     int64
	secondText []byte
	// Closed when run has returned.
	done chan struct{}
}

func newSession(file string, i info, connection *nats.Conn, hostname string) (*session, error) {
	fifo, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	tag := i.ContainerID
	if len(tag) > 12 {
		tag = tag[:12]
	}
	subject := i.Config["nats-subject"]
	if subject == "" {
		subject = tag
	}
	var prefix []byte
	for _, field := range [][2]string{
		{`{"container_id":"`, i.ContainerID},
		{`","container_name":"`, strings.TrimPrefix(i.ContainerName, "/")},
		{`","image_id":"`, i.ContainerImageID},
		{`","image_name":"`, i.ContainerImageName},
		{`","hostname":"`, hostname},
		{`","tag":"`, tag},
	} {
		prefix = appendString(append(prefix, field[0]...), []byte(field[1]))
	}
	return &session{
		fifo: fifo, nats: connection, subject: subject,
		prefix: append(prefix, `","time":"`...), input: make([]byte, readBytes), second: -1, done: make(chan struct{}),
	}, nil
}

func (s *session) run() {
	defer close(s.done)
	for {
		size, err := s.fifo.Read(s.space())
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				log.Fatalf("read %s: %v", s.fifo.Name(), err)
			}
			return
		}
		s.take(size)
	}
}

// The engine still has the FIFO open: what it has written is all there is.
func (s *session) stop() error {
	if err := s.fifo.SetReadDeadline(time.Unix(0, 1)); err != nil {
		return err
	}
	<-s.done
	defer s.fifo.Close()
	if err := s.fifo.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	raw, err := s.fifo.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Read(func(fd uintptr) bool {
		for {
			size, err := syscall.Read(int(fd), s.space())
			if err != nil || size == 0 {
				return true
			}
			s.take(size)
		}
	})
}

// Where the next read goes.
func (s *session) space() []byte {
	if len(s.input)-s.kept < readBytes {
		s.input = append(s.input[:s.kept], make([]byte, s.kept+readBytes)...)
	}
	return s.input[s.kept : s.kept+readBytes]
}

// Handles the frames that are whole.
func (s *session) take(size int) {
	bytes := s.input[:s.kept+size]
	for len(bytes) >= 4 {
		size := int(binary.BigEndian.Uint32(bytes))
		if size > frameMax {
			log.Fatalf("%s: a frame of %d bytes", s.fifo.Name(), size)
		}
		if len(bytes) < 4+size {
			break
		}
		entry, err := decode(bytes[4 : 4+size])
		if err != nil {
			log.Fatalf("%s: %v", s.fifo.Name(), err)
		}
		s.takeEntry(entry)
		bytes = bytes[4+size:]
	}
	s.kept = copy(s.input, bytes)
}

func (s *session) takeEntry(e entry) {
	pieces := &s.pieces[0]
	if e.isStderr {
		pieces = &s.pieces[1]
	}
	if e.isPartial || len(*pieces) > 0 {
		*pieces = append(*pieces, e.line...)
		if e.isPartial && !e.isLast {
			return
		}
		e.line = *pieces
		*pieces = (*pieces)[:0]
	}
	s.publish(e)
}

func (s *session) publish(e entry) {
	message := append(s.message[:0], s.prefix...)
	message = s.appendTime(message, e.nanos)
	message = append(message, `Z","text":"`...)
	message = appendString(message, e.line)
	if e.isStderr {
		message = append(message, `","source":"stderr"}`...)
	} else {
		message = append(message, `","source":"stdout"}`...)
	}
	s.message = message
	if err := s.nats.Publish(s.subject, message); err != nil {
		log.Fatalf("publish: %v", err)
	}
}

// RFC 3339 with nine digits, without the Z.
func (s *session) appendTime(to []byte, nanos int64) []byte {
	second, rest := nanos/1e9, nanos%1e9
	if second != s.second {
		s.second = second
		s.secondText = time.Unix(second, 0).UTC().AppendFormat(s.secondText[:0], "2006-01-02T15:04:05.")
	}
	var digits [9]byte
	for i := 8; i >= 0; i-- {
		digits[i] = byte('0' + rest%10)
		rest /= 10
	}
	return append(append(to, s.secondText...), digits[:]...)
}

// One line, or a piece of one; `line` is valid until the next read.
type entry struct {
	isStderr, isPartial, isLast bool
	nanos                       int64
	line                        []byte
}

var errEntry = errors.New("a frame is not a LogEntry")

// Source: moby daemon/logger/internal/logdriver/entry.proto.
func decode(bytes []byte) (entry, error) {
	var e entry
	for len(bytes) > 0 {
		tag := bytes[0]
		value, size := binary.Uvarint(bytes[1:])
		if size <= 0 {
			return e, errEntry
		}
		bytes = bytes[1+size:]
		switch {
		case tag == 0x10:
			e.nanos = int64(value)
			continue
		case tag == 0x20:
			e.isPartial = value != 0
			continue
		case tag&7 != 2 || value > uint64(len(bytes)):
			return e, fmt.Errorf("%w: tag %#x", errEntry, tag)
		}
		field := bytes[:value]
		bytes = bytes[value:]
		switch tag {
		case 0x0a:
			e.isStderr = string(field) == "stderr"
		case 0x1a:
			e.line = field
		case 0x2a:
			// proto3 leaves `last` out when it is false; else it is the first field.
			e.isLast = len(field) >= 2 && field[0] == 0x08 && field[1] == 1
		}
	}
	return e, nil
}
