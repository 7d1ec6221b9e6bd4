package diagnose

import (
	"fmt"
	"slices"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/account"
	"github.com/mailtlslab/mailtlslab/lab/finding"
)

// wrongClock is from when on two clocks are not merely apart. It is more than any slip of a few
// hours or of a time zone, which is told in local time and leaves the clock itself right; and a
// certificate that is a few hours past its date is more likely that than a victim of the clock.
const wrongClock = 24 * time.Hour

// clientClock tells a device that lives on another day from a certificate that is out of date: by
// the time that the server tells, under which the dates must hold. Nobody is asked for the time
// while the dates are fine; and where nobody tells it, they stay the certificate's fault.
func clientClock(c *connection) []finding.Finding {
	if c.TLS == nil || len(c.TLS.Chain) == 0 || c.At.IsZero() || !outOfDate(c.chain(c.Observation)) {
		return nil
	}
	server, source := c.serverClock()
	ahead := c.At.Sub(server)
	if server.IsZero() || ahead.Abs() < wrongClock {
		return nil
	}
	then := c.Observation
	then.At = server
	if outOfDate(c.chain(then)) {
		return nil // whatever the device's clock says, the certificate is out of date
	}
	detail := finding.DetailAhead
	if ahead < 0 {
		detail = finding.DetailBehind
	}
	f := finding.New(finding.ClientClock, fmt.Sprintf("the clock of the device is %s %s: it says %s, and the server %s", finding.Span(ahead), detail, finding.Day(c.At), finding.Day(server)))
	f.Evidence = []string{
		fmt.Sprintf("the time of the server is from the Date header of %s", source),
		"by the server's time every certificate is in date, by the device's it is not",
	}
	f.Facts.At, f.Facts.Detail = server, detail
	f.Counterfactual = &finding.Counterfactual{Edit: finding.EditTime, Text: fmt.Sprintf("with the clock at %s the dates would be in order", finding.Day(server))}
	return []finding.Finding{f}
}

// outOfDate reports whether the dates of any certificate are among what was found.
func outOfDate(fs []finding.Finding) bool {
	info, _ := finding.Lookup(finding.ClientClock)
	return slices.ContainsFunc(fs, func(f finding.Finding) bool {
		return f.Code != finding.ExpiresSoon && slices.Contains(info.Causes, f.Code)
	})
}

// serverClock returns the time that this server told, and who told it: this connection, another
// one of the account to the same host, or its web server, which is asked otherwise. The zero
// time means that nobody told.
func (c *connection) serverClock() (time.Time, string) {
	if !c.ServerClock.IsZero() {
		return c.ServerClock, c.target()
	}
	for _, o := range c.survey.Observations {
		if o.Settings.Host == c.Settings.Host && o.Settings.Clock.Equal(c.Settings.Clock) && !o.ServerClock.IsZero() {
			return o.ServerClock.Add(c.At.Sub(o.At)), o.Settings.Target()
		}
	}
	if c.Settings.Endpoint == account.Web {
		return time.Time{}, ""
	}
	web := c.Settings
	web.Endpoint, web.Port, web.Mode = account.Web, account.Web.Port(), account.ImplicitTLS
	if o := c.look(web); o != nil && !o.ServerClock.IsZero() {
		return o.ServerClock.Add(c.At.Sub(o.At)), web.Target()
	}
	return time.Time{}, ""
}
