package integration

import (
	"context"
	"fmt"

	"github.com/mailtlslab/mailtlslab/certs"
	"github.com/mailtlslab/mailtlslab/lab"
	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/action"
	"github.com/mailtlslab/mailtlslab/lab/finding"
	"github.com/mailtlslab/mailtlslab/lab/remedy"
)

// A RolledBack error says that something new was worse than what was there before, and that the
// old state is back.
type RolledBack struct {
	Why string
	Err error // of putting the old state back; nil when that went well
}

func (e *RolledBack) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s; the old state could not be put back: %v", e.Why, e.Err)
	}
	return e.Why + "; the old state is back"
}

// Unwrap returns why the old state could not be put back.
func (e *RolledBack) Unwrap() error { return e.Err }

// A Cure is an action on a server, with what it needs: whom it is for, what the remedy says, and
// the pair that is then to be served.
type Cure struct {
	Action    action.Action
	Procedure remedy.Procedure
	Pair      Pair
}

// CureFor returns how an action is carried out on the server: the steps that the advice about a
// finding prints, and the pair that the CA then delivers. now is the pair as it was issued last.
func (s *Server) CureFor(a action.Action, f finding.Finding, now Pair, ca *certs.Authority, task remedy.Task) (Cure, error) {
	advice, ok := s.book.For(f.Code)
	if !ok {
		return Cure{}, fmt.Errorf("there is no advice about %s", f.Code)
	}
	if task == "" {
		if task, ok = remedy.TaskOf(a.Kind); !ok {
			return Cure{}, fmt.Errorf("%s is nothing that is done to a server", a.Kind)
		}
	}
	facts := f.Facts
	if facts.Host == "" {
		facts.Host = Host
	}
	steps, ok := advice.Fill(facts).Procedure(task, s.Procedures)
	if !ok {
		return Cure{}, fmt.Errorf("the advice about %s does not say how to %s on %s", f.Code, task, s.Name)
	}
	next, err := Issue(ca, now, a)
	return Cure{Action: a, Procedure: steps.Procedure, Pair: next}, err
}

// Issue returns the pair that a CA delivers for an action.
func Issue(ca *certs.Authority, now Pair, a action.Action) (Pair, error) {
	b, err := now.Bundle, error(nil)
	switch change, reissued := lab.ChangeOf(a); {
	case a.Kind == action.SendChain:
		b, err = b.WithIntermediate(a.Certificate)
	case a.Kind == action.SortChain:
		b = b.Sorted()
	case reissued && a.Kind != action.MatchKey: // that key was delivered with the certificate
		b, err = ca.Reissue(b, change)
	}
	if err != nil {
		return Pair{}, fmt.Errorf("the CA cannot %s: %w", a, err)
	}
	return PairOf(b)
}

// Apply carries a cure out, and looks. A pair is checked before a server gets it. Where the
// result is worse than what was there, or another certificate is presented than the one that was
// meant, the old state is put back, and the error is a *RolledBack.
func (s *Server) Apply(ctx context.Context, c *Client, all []account.Settings, cure Cure) (View, error) {
	if err := checked(c, cure.Pair, all[0].Host); err != nil {
		return View{}, err
	}
	return s.exchange(ctx, c, all, cure)
}

// exchange is Apply without the check.
func (s *Server) exchange(ctx context.Context, c *Client, all []account.Settings, cure Cure) (View, error) {
	before := c.Look(ctx, all, nil)
	if err := s.save(ctx, "before"); err != nil {
		return View{}, err
	}
	if err := s.deliver(ctx, cure.Pair); err != nil {
		return View{}, err
	}
	failed := s.carryOut(ctx, cure.Procedure)
	if failed == nil {
		v := s.await(ctx, c, all, func(v View) bool { return v.presents(cure.Pair.Fingerprint()) && v.errors() <= before.errors() })
		switch {
		case !v.presents(cure.Pair.Fingerprint()):
			failed = fmt.Errorf("%s does not present the new certificate", s.Name)
		case v.errors() > before.errors():
			failed = fmt.Errorf("more is wrong with %s than before", s.Name)
		default:
			return v, nil
		}
	}
	return before, &RolledBack{Why: failed.Error(), Err: s.rollBack(ctx, c, all, before)}
}

// rollBack puts the files of before back, and waits until the server shows what it did, or better:
// of files that were never loaded nobody knows. It does so even when the context has ended: nobody
// is left with a pair that does not load.
func (s *Server) rollBack(ctx context.Context, c *Client, all []account.Settings, before View) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.restore(ctx, "before"); err != nil {
		return err
	}
	if err := s.Reload(ctx); err != nil {
		return err
	}
	shown := func(v View) bool {
		return v.errors() < before.errors() || v.sameLeaves(before) && v.errors() == before.errors()
	}
	if v := c.Until(ctx, all, shown); !shown(v) {
		return fmt.Errorf("%s does not show the old state", s.Name)
	}
	return nil
}

// await looks until something holds, as long as the patience lasts.
func (s *Server) await(ctx context.Context, c *Client, all []account.Settings, holds func(View) bool) View {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	return c.Until(ctx, all, holds)
}
