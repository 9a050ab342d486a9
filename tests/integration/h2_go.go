// SPDX-License-Identifier: Apache-2.0

// h2_go serve CERTIFICATE KEY: an HTTPS server of Go's, which prints its port.
// h2_go ask URL: what a client of Go's gets from it through the proxy of the environment.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

func check(fault error) {
	if fault != nil {
		fmt.Println(fault)
		os.Exit(1)
	}
}

// The sum of what was sent, as content and as a trailer.
func sum(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Trailer", "X-Bytes")
	hash := sha256.New()
	length, fault := io.Copy(hash, r.Body)
	if fault != nil {
		panic(http.ErrAbortHandler)
	}
	fmt.Fprintf(w, "%x %s", hash.Sum(nil), r.Trailer.Get("X-Mark"))
	w.Header().Set("X-Bytes", strconv.FormatInt(length, 10))
}

// Words, each when it is said.
func slowly(w http.ResponseWriter, r *http.Request) {
	for i := 0; i < 3; i++ {
		fmt.Fprintf(w, "word %d\n", i)
		w.(http.Flusher).Flush()
		time.Sleep(20 * time.Millisecond)
	}
}

func large(w http.ResponseWriter, r *http.Request) {
	length, _ := strconv.Atoi(r.URL.Query().Get("n"))
	w.Write(bytes.Repeat([]byte("0123456789abcdef"), length/16))
}

func serve(certificate, key string) {
	listener, fault := net.Listen("tcp", "127.0.0.1:0")
	check(fault)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	http.HandleFunc("/sum", sum)
	http.HandleFunc("/slowly", slowly)
	http.HandleFunc("/large", large)
	check(http.ServeTLS(listener, nil, certificate, key))
}

func body(answer *http.Response) []byte {
	content, fault := io.ReadAll(answer.Body)
	check(fault)
	answer.Body.Close()
	if answer.ProtoMajor != 2 {
		check(fmt.Errorf("%s", answer.Proto))
	}
	return content
}

func upload(url string, length int) {
	content := bytes.Repeat([]byte("x"), length)
	request, fault := http.NewRequest("POST", url+"/sum", io.NopCloser(bytes.NewReader(content)))
	check(fault)
	request.Trailer = http.Header{"X-Mark": {"marked"}}
	answer, fault := http.DefaultClient.Do(request)
	check(fault)
	said := string(body(answer))
	if said != fmt.Sprintf("%x marked", sha256.Sum256(content)) ||
		answer.Trailer.Get("X-Bytes") != strconv.Itoa(length) {
		check(fmt.Errorf("%d bytes: %s %v", length, said, answer.Trailer))
	}
}

func ask(url string) {
	var all sync.WaitGroup
	answer, fault := http.Get(url + "/slowly")
	check(fault)
	fmt.Println(string(body(answer)))
	for _, length := range []int{0, 1, 65535, 65536, 5000000} {
		upload(url, length)
	}
	for i := 0; i < 150; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			answer, fault := http.Get(url + "/large?n=100000")
			check(fault)
			if got := len(body(answer)); got != 100000 {
				check(fmt.Errorf("%d bytes", got))
			}
		}()
	}
	all.Wait()
	answer, fault = http.Get(url + "/secret/a")
	check(fault)
	fmt.Println(answer.StatusCode, string(body(answer)))
	fmt.Println("all is well")
}

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2], os.Args[3])
	} else {
		ask(os.Args[2])
	}
}
