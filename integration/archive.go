package integration

import (
	"archive/tar"
	"bytes"
	"io"
)

// archive returns a tar archive of one file: the whole context of an image's build.
func archive(name string, data []byte) io.ReadSeeker {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	// A bytes.Buffer takes everything.
	_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))})
	_, _ = w.Write(data)
	_ = w.Close()
	return bytes.NewReader(out.Bytes())
}
