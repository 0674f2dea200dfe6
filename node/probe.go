package node

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/host"
)

// surveyTimeout bounds how long a host may need to look around; it takes some 20 ms.
const surveyTimeout = 10 * time.Second

// Survey looks around on the host.
func (c *Client) Survey(ctx context.Context, q host.SurveyQuery) (host.Survey, error) {
	var found host.Survey
	err := c.ask(ctx, "/v1/probe/survey", q, &found)
	return found, err
}

func (s *server) survey(w http.ResponseWriter, r *http.Request) error {
	var q host.SurveyQuery
	if err := s.decode(w, r, &q); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), surveyTimeout, fmt.Errorf("the survey took longer than %s", surveyTimeout))
	defer cancel()
	return answer(w, s.sys.Survey(ctx, q))
}
