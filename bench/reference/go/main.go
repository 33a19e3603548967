// A log driver in Go, written for speed: large reads, frames decoded in place, JSON appended by hand, one connection. Same protocol, same
// frames, same message as the driver that this project is about; it knows no option but `nats-subject`, keeps no journal, and loses what the
// client loses.
//
// usage: NATS_SERVERS=nats://… go SOCKET
package main

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/nats-io/nats.go"
)

type request struct {
	File string
	Info info
}

// What the engine tells about a container, as far as it is used.
type info struct {
	Config             map[string]string
	ContainerID        string
	ContainerName      string
	ContainerImageID   string
	ContainerImageName string
}

type driver struct {
	nats     *nats.Conn
	hostname string
	mutex    sync.Mutex
	sessions map[string]*session
}

func (d *driver) start(r request) error {
	s, err := newSession(r.File, r.Info, d.nats, d.hostname)
	if err != nil {
		return err
	}
	d.mutex.Lock()
	d.sessions[r.File] = s
	d.mutex.Unlock()
	go s.run()
	return nil
}

func (d *driver) stop(r request) error {
	d.mutex.Lock()
	s := d.sessions[r.File]
	delete(d.sessions, r.File)
	d.mutex.Unlock()
	if s == nil {
		return nil
	}
	if err := s.stop(); err != nil {
		return err
	}
	return d.nats.Flush()
}

func handle(method func(request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body request
		err := json.NewDecoder(r.Body).Decode(&body)
		if err == nil {
			err = method(body)
		}
		var answer struct{ Err string }
		if err != nil {
			answer.Err = err.Error()
		}
		json.NewEncoder(w).Encode(answer)
	}
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }
}

func main() {
	url, ok := os.LookupEnv("NATS_SERVERS")
	if !ok {
		url = nats.DefaultURL
	}
	connection, err := nats.Connect(url)
	if err != nil {
		log.Fatalf("connect to %s: %v", url, err)
	}
	hostname, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	d := &driver{nats: connection, hostname: hostname, sessions: map[string]*session{}}
	http.HandleFunc("/Plugin.Activate", text(`{"Implements":["LogDriver"]}`))
	http.HandleFunc("/LogDriver.Capabilities", text(`{"Cap":{"ReadLogs":false}}`))
	http.HandleFunc("/LogDriver.StartLogging", handle(d.start))
	http.HandleFunc("/LogDriver.StopLogging", handle(d.stop))
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.Serve(listener, nil))
}
