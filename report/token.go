package report

import "kbootstrap/provision"

// Token is the result of addons token.
type Token struct {
	// What a person logs in with. It is a secret.
	Token string `json:"token"`
	// The service account that it is of, as namespace/name.
	Account string `json:"account"`
	// The role of that account: view or cluster-admin.
	Rights string `json:"rights"`
	// When it ends to be good, in UTC.
	Expires Time `json:"expires"`
}

// NewToken tells a token.
func NewToken(t provision.Token) Token {
	return Token{Token: t.Text, Account: t.Account, Rights: t.Rights, Expires: Time{t.Expires}}
}
