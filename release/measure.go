package release

import (
	"context"
	"net/http"
)

// measure asks servers how large the files are whose sizes are not known, while they are fetched:
// so that the estimate is right from the beginning. Who does not answer is not asked twice; an
// image has its size when it is pulled.
func (f *fetcher) measure(ctx context.Context, artifacts []artifact) {
	if f.progress.tell == nil {
		return // the caller does not look
	}
	for _, a := range artifacts {
		all := f.places.of(a)
		if a.size != 0 || len(all) == 0 || all[0].isFile || all[0].isImage {
			continue
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodHead, all[0].at, nil)
		if err != nil {
			return
		}
		response, err := f.client.Do(request)
		if err != nil {
			return
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK && response.ContentLength > 0 {
			f.progress.isLarge(a.name(), response.ContentLength)
		}
	}
}
