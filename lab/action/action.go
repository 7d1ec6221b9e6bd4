// Package action is the closed union of the things that can be done about a finding: by the
// person with the device, by the server's admin, or by leaving a network. An Action is a value
// with the parameters that the diagnosis found; it knows nothing of how it is carried out.
//
// A finding's actions come from lab/remedy, and are carried out on a running scenario by
// lab.Server.Apply, or on a real server by hand.
package action

import (
	"fmt"
	"strings"

	"github.com/mailtlslab/mailtlslab/lab/account"
)

// A Kind names one action, in kebab-case.
type Kind string

// The actions. What each does is all it does: renewing an expired certificate that is for the
// wrong name leaves the name wrong.
const (
	// On the server: the certificate. Each issues the same certificate anew but for one property.
	Renew           Kind = "renew-certificate"        // fresh dates
	ReissueForNames Kind = "reissue-for-names"        // Names
	ReissueTrusted  Kind = "reissue-from-trusted-ca"  // another issuer, one that the clients trust
	ReissueKey      Kind = "reissue-with-strong-key"  // a new key that is long enough
	ReissueUsage    Kind = "reissue-for-servers"      // extended key usage serverAuth
	ReissueClient   Kind = "reissue-for-clients"      // extended key usage clientAuth: a client's own certificate
	ReissueLeaf     Kind = "reissue-as-leaf"          // basic constraints CA:FALSE
	Reinstall       Kind = "reinstall-certificate"    // an undamaged copy: a sound signature with a current hash
	InstallReal     Kind = "install-real-certificate" // Names, from a trusted CA: replaces a made-up one
	SendChain       Kind = "send-intermediate"        // Certificate: send this one after the leaf
	SortChain       Kind = "sort-chain"               // leaf first, each issuer after it, nothing else
	MatchKey        Kind = "install-matching-key"     // the key that belongs to the certificate
	DecryptKey      Kind = "remove-key-password"      // the same key, without its password
	AllowKey        Kind = "allow-reading-key"        // owner and mode of the key file, for the user that the server runs as
	RepairPair      Kind = "install-pair-that-loads"  // certificate, issuers and key that belong together, in order
	SharePair       Kind = "use-certificate-of-port"  // Port: the certificate and the key that it has already
	RaiseVersion    Kind = "enable-current-tls"       // TLS 1.2 and 1.3
	NoClientCert    Kind = "stop-asking-for-client-certificate"

	DropCross      Kind = "drop-cross-certificate"      // send the chain up to the trusted root, without cross-certificates
	DefaultCert    Kind = "install-default-certificate" // the account's certificate also for clients that send no name
	ReplaceRevoked Kind = "replace-revoked-certificate" // a new certificate with a new key
	FixStapling    Kind = "repair-stapling"             // a fresh OCSP response with every handshake
	FixRevocation  Kind = "repair-revocation-service"   // the CA's OCSP responder and CRL answer again
	EnableCiphers  Kind = "enable-common-ciphers"
	ServeName      Kind = "serve-this-name" // configure the account's name, and its certificate

	// On the server: the service.
	EnableTLS      Kind = "enable-tls-on-port" // TLS from the first byte on a port that speaks plaintext
	EnableStartTLS Kind = "enable-starttls"
	RightService   Kind = "serve-right-protocol"
	OpenPort       Kind = "open-port"
	RestartService Kind = "restart-service"

	DenyPlaintext  Kind = "refuse-plaintext-logins"
	StopPreauth    Kind = "stop-preauthentication"
	SpeedUp        Kind = "answer-in-time"   // remove what delays the greeting
	FixAddresses   Kind = "repair-addresses" // DNS names only addresses on which the service answers
	FixName        Kind = "publish-name"     // an address record for the account's server name
	FixPublished   Kind = "repair-published-settings"
	ReloadMail     Kind = "reload-mail-services"    // let the mail daemons load the certificate on disk
	RepairBackends Kind = "repair-every-backend"    // the good certificate on every machine behind the name
	CoverName      Kind = "cover-autodiscover-name" // Names: the certificate of the web server also for these

	// On the device.
	UseHost       Kind = "use-host"       // Host: another server name in the account
	UseServer     Kind = "use-port"       // Port and Mode: another port with its encryption setting
	EnterPassword Kind = "enter-password" // type the right one
	TrustRoot     Kind = "trust-root"     // Certificate: a company's own CA, installed on its own devices

	SetClock        Kind = "set-clock"           // the right date, time and zone
	UpdateClient    Kind = "update-mail-program" // one that speaks the TLS of today and sends a server name
	StopScanning    Kind = "stop-mail-scanning"  // in the antivirus program on the device
	ForgetException Kind = "forget-exception"    // remove what was trusted by hand
	TrustAgain      Kind = "trust-again"         // Fingerprint: accept the new certificate by hand, at one's own risk
	ForgetSession   Kind = "forget-session"      // connect anew without the stored session

	// The network in between.
	LeaveNetwork Kind = "leave-network"
	ExemptMail   Kind = "exempt-mail-from-inspection" // by whoever runs the proxy or firewall
)

// A Party is who carries an action out.
type Party string

// The parties.
const (
	User  Party = "user"  // the person with the device
	Admin Party = "admin" // whoever runs the server
)

// An Action is one thing to do, with its parameters. Only those that its Kind speaks of are set.
type Action struct {
	Kind        Kind         `json:"kind"`
	Names       []string     `json:"names,omitempty"`       // those of the certificate
	Certificate []byte       `json:"certificate,omitempty"` // DER
	Host        string       `json:"host,omitempty"`        // the server name to use, or to serve
	Port        int          `json:"port,omitempty"`        // the port to use, or to take from
	Mode        account.Mode `json:"mode,omitempty"`
	Fingerprint string       `json:"fingerprint,omitempty"` // SHA-256 of a leaf, lower-case hex
}

type row struct {
	kind  Kind
	party Party
	words string
}

var table = [...]row{
	{Renew, Admin, "renew the certificate"},
	{ReissueForNames, Admin, "have the certificate reissued for {names}"},
	{ReissueTrusted, Admin, "have the certificate issued by a CA that clients trust"},
	{ReissueKey, Admin, "have the certificate reissued with a strong key"},
	{ReissueUsage, Admin, "have the certificate reissued for servers (serverAuth)"},
	{ReissueClient, Admin, "have the client's certificate reissued for clients (clientAuth)"},
	{ReissueLeaf, Admin, "have the certificate reissued as an end-entity certificate"},
	{Reinstall, Admin, "have the certificate issued and installed again, undamaged and signed with SHA-256"},
	{InstallReal, Admin, "install a real certificate for {names}"},
	{SendChain, Admin, "send the intermediate certificate after the leaf"},
	{SortChain, Admin, "send the leaf first, then each issuer, and nothing else"},
	{MatchKey, Admin, "install the private key that belongs to the certificate"},
	{DecryptKey, Admin, "install the private key without its password"},
	{AllowKey, Admin, "let the server read its private key"},
	{RepairPair, Admin, "install a certificate and a key that the server can load"},
	{SharePair, Admin, "use the certificate that port {port} of the same host already presents"},
	{RaiseVersion, Admin, "enable TLS 1.2 and 1.3"},
	{NoClientCert, Admin, "stop demanding client certificates"},
	{DropCross, Admin, "send the chain without the expired cross-certificate"},
	{DefaultCert, Admin, "give clients that send no server name the same certificate"},
	{ReplaceRevoked, Admin, "replace the revoked certificate with a new one that has a new key"},
	{FixStapling, Admin, "make the server staple a fresh OCSP response"},
	{FixRevocation, Admin, "have the CA's revocation service repaired"},
	{EnableCiphers, Admin, "enable the ciphers that clients have"},
	{ServeName, Admin, "configure the server for the name {host}"},
	{EnableTLS, Admin, "turn TLS on for this port"},
	{EnableStartTLS, Admin, "offer STARTTLS, and make it work"},
	{RightService, Admin, "put the right service on this port"},
	{OpenPort, Admin, "start the service, and open the port in the firewall"},
	{RestartService, Admin, "restart the service"},
	{DenyPlaintext, Admin, "refuse logins before TLS"},
	{StopPreauth, Admin, "stop pre-authenticating connections on this port"},
	{SpeedUp, Admin, "remove what delays the server's answers"},
	{FixAddresses, Admin, "publish only addresses on which the service answers"},
	{FixName, Admin, "publish an address for {host}"},
	{FixPublished, Admin, "publish the settings that work"},
	{ReloadMail, Admin, "reload the mail services, so that they use the certificate on disk"},
	{RepairBackends, Admin, "install the good certificate on every machine behind the name"},
	{CoverName, Admin, "have the web server's certificate cover {names}"},
	// A server that is not who it claims to be chooses the names in its certificate.
	{UseHost, User, "use {host} as the server name, but only once the provider has confirmed that name"},
	{UseServer, User, "use port {port} with {mode}"},
	{EnterPassword, User, "enter the right password"},
	{TrustRoot, User, "install the organisation's own root on the device"},
	{SetClock, User, "set the device's date, time and time zone right"},
	{UpdateClient, User, "update the device or the mail program"},
	{StopScanning, User, "turn off mail scanning in the antivirus program"},
	{ForgetException, User, "remove the stored exception"},
	{TrustAgain, User, "trust the new certificate by hand, if the admin confirms it"},
	{ForgetSession, User, "restart the mail program, so that it connects anew"},
	{LeaveNetwork, User, "leave this network, or log in to it"},
	{ExemptMail, Admin, "exempt mail from inspection in the proxy or firewall"},
}

// Kinds returns every kind, in order.
func Kinds() []Kind {
	var out []Kind
	for _, r := range table {
		out = append(out, r.kind)
	}
	return out
}

// Reissues reports whether an action of this kind is the order of a new certificate: one that does
// all that several of them ask for ends the faults of each.
func (k Kind) Reissues() bool {
	switch k {
	case Renew, ReissueForNames, ReissueTrusted, ReissueKey, ReissueUsage, ReissueClient, ReissueLeaf, Reinstall, InstallReal, ReplaceRevoked, CoverName:
		return true
	}
	return false
}

// Party returns who carries the action out.
func (a Action) Party() Party {
	for _, r := range table {
		if r.kind == a.Kind {
			return r.party
		}
	}
	return ""
}

// String says what is to be done, in words that follow "should" or "please".
func (a Action) String() string {
	for _, r := range table {
		if r.kind == a.Kind {
			return strings.NewReplacer(
				"{names}", strings.Join(a.Names, ", "),
				"{host}", a.Host,
				"{port}", fmt.Sprint(a.Port),
				"{mode}", a.Mode.Words(),
			).Replace(r.words)
		}
	}
	return string(a.Kind)
}
