package node

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"time"
)

// pushTimeout bounds how long a host may take to push an image.
const pushTimeout = time.Minute

// Push has a host push an image to a registry: that of the tool itself, which is all that a host
// has without asking anyone. The program in it tells its version.
type Push struct {
	Server        string // of the registry: "https://registry.cluster.local:5000"
	Address       string // where it is reached: "192.0.2.1:5000"
	Authority     string // path of the certificate that it is verified by
	Authorization string // the header with the login
	Repository    string
	Tag           string
	Remove        bool // take the tag away again
}

// Push pushes the image, or removes its manifest.
func (c *Client) Push(ctx context.Context, p Push) error {
	return c.ask(ctx, "/v1/push", p, new(struct{}))
}

func (s *server) push(w http.ResponseWriter, r *http.Request) error {
	var p Push
	if err := decode(w, r, &p); err != nil {
		return err
	}
	if err := s.exclusive(Holder{}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), pushTimeout,
		fmt.Errorf("the registry did not take the image within %s", pushTimeout))
	defer cancel()
	pem, err := os.ReadFile(s.sys.Path(p.Authority))
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	if err := p.do(ctx, pem, binary); err != nil {
		return fmt.Errorf("push to %s: %w", p.Server, err)
	}
	return answer(w, struct{}{})
}

// The media types of https://github.com/opencontainers/image-spec.
const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int    `json:"size"`
}

func describe(mediaType string, content []byte) descriptor {
	sum := sha256.Sum256(content)
	return descriptor{mediaType, "sha256:" + hex.EncodeToString(sum[:]), len(content)}
}

// do pushes a program as an image (https://github.com/opencontainers/distribution-spec).
func (p Push) do(ctx context.Context, authority, program []byte) error {
	layer, err := layerOf(program)
	if err != nil {
		return err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/kbootstrap"}, "Cmd": []string{"--version"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{describe(layerType, layer).Digest}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": describe(configType, config),
		"layers": []descriptor{describe(layerType, layer)},
	})
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		return fmt.Errorf("%s: no certificate in it", p.Authority)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, p.Address)
		},
	}
	defer transport.CloseIdleConnections()
	manifests := "/v2/" + p.Repository + "/manifests/"
	if p.Remove {
		_, err := p.send(ctx, transport, http.MethodDelete, manifests+describe(manifestType, manifest).Digest, "", nil)
		return err
	}
	for _, content := range [][]byte{layer, config} {
		if err := p.upload(ctx, transport, content); err != nil {
			return err
		}
	}
	_, err = p.send(ctx, transport, http.MethodPut, manifests+p.Tag, manifestType, manifest)
	return err
}

// layerOf is a layer with one program.
func layerOf(program []byte) ([]byte, error) {
	var layer bytes.Buffer
	t := tar.NewWriter(&layer)
	header := tar.Header{Typeflag: tar.TypeReg, Name: "kbootstrap", Mode: 0o755, Size: int64(len(program))}
	err := t.WriteHeader(&header)
	if err == nil {
		_, err = t.Write(program)
	}
	return layer.Bytes(), errors.Join(err, t.Close())
}

// upload sends a content to the place that the registry names for it.
func (p Push) upload(ctx context.Context, over http.RoundTripper, content []byte) error {
	place, err := p.send(ctx, over, http.MethodPost, "/v2/"+p.Repository+"/blobs/uploads/", "", nil)
	if err != nil {
		return err
	}
	at, err := url.Parse(place)
	if err != nil {
		return err
	}
	query := at.Query()
	query.Set("digest", describe("", content).Digest)
	_, err = p.send(ctx, over, http.MethodPut, at.Path+"?"+query.Encode(), "application/octet-stream", content)
	return err
}

// send sends a request and returns the place that the answer names.
func (p Push) send(
	ctx context.Context, over http.RoundTripper, method, path, contentType string, content []byte,
) (place string, err error) {
	request, err := http.NewRequestWithContext(ctx, method, p.Server+path, bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", p.Authorization)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := over.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return "", err
	}
	if response.StatusCode/100 != 2 {
		return "", fmt.Errorf("%s %s: %s: %s", method, path, response.Status, bytes.TrimSpace(text))
	}
	return response.Header.Get("Location"), nil
}
