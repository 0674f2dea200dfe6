package verify

import (
	"context"
	"errors"
	"strings"
	"time"

	"kbootstrap/fault"
)

// sweep removes what earlier verifications have left that were killed: namespaces with the label,
// and labels and taints of nodes.
func (s *Scene) sweep(ctx context.Context) error {
	var list struct {
		Items []struct {
			Metadata struct{ Name, DeletionTimestamp string }
		}
	}
	if err := s.get(ctx, "/api/v1/namespaces?labelSelector="+mark, &list); err != nil {
		return err
	}
	for _, n := range list.Items {
		// The label alone is not enough: anybody may set it on a namespace of theirs.
		if n.Metadata.DeletionTimestamp != "" || !strings.HasPrefix(n.Metadata.Name, prefix) {
			continue
		}
		if err := s.remove(ctx, "/api/v1/namespaces/"+n.Metadata.Name); err != nil {
			return err
		}
	}
	return s.unmarkNodes(ctx)
}

// unmarkNodes takes the label and the taint from nodes that have one of them.
func (s *Scene) unmarkNodes(ctx context.Context) error {
	nodes, err := s.nodes(ctx)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		_, isMarked := n.Metadata.Labels[mark]
		for _, t := range n.Spec.Taints {
			isMarked = isMarked || t.Key == mark
		}
		if !isMarked {
			continue
		}
		if err := s.markNode(ctx, n, ""); err != nil {
			return err
		}
	}
	return nil
}

// close removes what was made, and waits until it is gone. Pods of a host that is away stay until
// it is back, and the namespace with them.
func (s *Scene) close(ctx context.Context) error {
	if s.Namespace == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, closeLimit)
	defer cancel()
	path := "/api/v1/namespaces/" + s.Namespace
	var marks error
	begin := time.Now()
	what := "the namespace " + s.Namespace + " to go"
	err := await(ctx, leaveWait, what, func(ctx context.Context) (bool, string, error) {
		marks = s.unmarkNodes(ctx)
		var found struct {
			Metadata struct{ DeletionTimestamp string }
			Status   struct {
				Conditions []struct{ Type, Status, Message string }
			}
		}
		err := s.get(ctx, path, &found)
		switch {
		case isCode(err, 404):
			return marks == nil, "", marks
		case err != nil:
			return false, "", err
		case found.Metadata.DeletionTimestamp == "":
			return false, "", s.remove(ctx, path)
		}
		if time.Since(begin) > forceAfter {
			if err := s.remove(ctx, s.path("pods")+"?gracePeriodSeconds=0"); err != nil {
				return false, "", err
			}
		}
		state := "it is being removed"
		for _, c := range found.Status.Conditions {
			// An API behind a Service, such as that of figures, that cannot be reached now; what is
			// left besides tells more.
			isDiscovery := c.Type == "NamespaceDeletionDiscoveryFailure"
			if c.Status == "True" && (!isDiscovery || state == "it is being removed") {
				state = c.Message
			}
		}
		return false, state, nil
	})
	if err != nil {
		return fault.VerifyLeft.Wrap(errors.Join(err, marks))
	}
	return nil
}
