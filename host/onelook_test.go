package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestOnce: in one look a question has one answer, and outside of one each who asks gets a new one.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		ask := func() (int, error) {
			asked++
			n := asked
			<-time.After(time.Second)
			return n, nil
		}
		look := OneLook(t.Context(), nil)
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if n, err := Once(look, "question", ask); n != 1 || err != nil {
					t.Errorf("%d, %v", n, err)
				}
			})
		}
		all.Wait()
		if n, _ := Once(look, "another question", ask); n != 2 {
			t.Errorf("another question has the answer %d", n)
		}
		if n, _ := Once(OneLook(t.Context(), nil), "question", ask); n != 3 {
			t.Errorf("another look has the answer %d", n)
		}
		for want := range 2 {
			if n, _ := Once(t.Context(), "question", ask); n != 4+want {
				t.Errorf("outside of a look the answer is %d", n)
			}
		}
	})
}

// TestOnceWithoutAnswer: a part that did not get an answer keeps no other part from one.
func TestOnceWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		look := OneLook(t.Context(), nil)
		late := errors.New("late")
		go func() {
			_, err := Once(look, "question", func() (int, error) { <-time.After(time.Second); return 0, late })
			if !errors.Is(err, late) {
				t.Error(err)
			}
		}()
		synctest.Wait()
		for range 2 { // one that waits for the first, and one that comes later
			if n, err := Once(look, "question", func() (int, error) { return 7, nil }); n != 7 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
		}
		ended, end := context.WithCancel(look)
		end()
		go func() {
			_, _ = Once(look, "slow", func() (int, error) { <-time.After(time.Hour); return 1, nil })
		}()
		synctest.Wait()
		if n, err := Once(ended, "slow", func() (int, error) { return 0, late }); n != 0 || !errors.Is(err, late) {
			t.Errorf("who has no time left waits: %d, %v", n, err)
		}
		<-time.After(time.Hour)
	})
}

// TestUnitsOfOneLook: systemd is asked once for the units of all parts of a look.
func TestUnitsOfOneLook(t *testing.T) {
	var ran []string
	broken := false
	s := NewSystem(t.TempDir(), func(_ context.Context, argv ...string) ([]byte, error) {
		ran = append(ran, strings.Join(argv, " "))
		if broken {
			return nil, errors.New("no answer")
		}
		var out strings.Builder
		for _, name := range argv[slices.Index(argv, "--")+1:] {
			pid := string(name[0] - 'a' + '1')
			out.WriteString("Id=" + name + "\nActiveState=active\nMainPID=" + pid + "\nNRestarts=3\n\n")
		}
		return []byte(out.String()), nil
	}, nil, nil)
	look := OneLook(t.Context(), []string{"c.service", "a.service", "b.service", "a.service"})
	units, err := s.Units(look, "c.service", "a.service")
	if err != nil || len(units) != 2 || units[0].PID != 3 || units[1].PID != 1 || units[1].Name != "a.service" {
		t.Errorf("%+v, %v", units, err)
	}
	if u, err := s.Unit(look, "b.service"); err != nil || u.PID != 2 {
		t.Errorf("%+v, %v", u, err)
	}
	if starts, err := s.Starts(look, []string{"b.service"}); err != nil || len(starts) != 1 || starts[0].Count != 3 {
		t.Errorf("%+v, %v", starts, err)
	}
	if len(ran) != 1 || !strings.HasSuffix(ran[0], " -- a.service b.service c.service") {
		t.Errorf("ran %q", ran)
	}
	if _, err := s.Unit(look, "d.service"); err != nil || len(ran) != 2 || !strings.HasSuffix(ran[1], " -- d.service") {
		t.Errorf("a unit that was not announced: %v, %q", err, ran)
	}
	broken = true
	if _, err := s.Units(OneLook(t.Context(), []string{"a.service"}), "a.service"); err == nil {
		t.Error("no answer is no error")
	}
}
