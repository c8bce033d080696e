// A life of a session, told through the Go SDK; prints what was seen as JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"

	endsession "endsession/sdk/go"
)

const back = "https://app.example/signed-out"

var (
	base, sid, hint = os.Getenv("URL"), os.Getenv("SID"), os.Getenv("HINT")
	seen            = map[string]any{}
)

func main() {
	client := connect(http.DefaultTransport)
	browser := context.Background()
	management := context.WithValue(browser, endsession.ContextAccessToken, os.Getenv("TOKEN"))

	begin(management, client)
	doubt(browser, client, connect(pages{}))
	logOut(browser, client)
	after(management, client)
	limit(browser, client)

	printed, err := json.Marshal(seen)
	check(err)
	os.Stdout.Write(printed)
}

// connect makes a client that hands redirects over instead of following them.
func connect(transport http.RoundTripper) *endsession.APIClient {
	configuration := endsession.NewConfiguration()
	configuration.Servers = endsession.ServerConfigurations{{URL: base}}
	configuration.HTTPClient = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return endsession.NewAPIClient(configuration)
}

// pages asks for pages, as a browser does; the SDK by itself asks for JSON.
type pages struct{}

func (pages) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Accept", "text/html")
	return http.DefaultTransport.RoundTrip(request)
}

func begin(management context.Context, client *endsession.APIClient) {
	registration := endsession.NewSessionRegistration("alice")
	registration.SetUserLabel("Alice")
	registration.SetIdleSeconds(600.5)
	registered, answer, err := client.SessionsAPI.PutSession(management, "acme", sid).SessionRegistration(*registration).Execute()
	check(err)
	seen["registered"] = []any{answer.StatusCode, registered.State, registered.BeganAt}

	joined, _, err := client.SessionsAPI.JoinSession(management, "acme", sid).Participant(*endsession.NewParticipant("web")).Execute()
	check(err)
	var names []string
	for _, one := range joined.Clients {
		names = append(names, one.ClientId)
	}
	seen["joined"] = names
}

func doubt(browser context.Context, client, reader *endsession.APIClient) {
	question, _, err := client.LogoutAPI.RpInitiatedLogout(browser, "acme").IdTokenHint(hint).Execute()
	check(err)
	seen["question"] = []any{question.Status, question.HasConfirmUrl()}

	_, answer, err := reader.LogoutAPI.RpInitiatedLogout(browser, "acme").Execute()
	seen["page"] = []any{answer.StatusCode, nil, beginning(err)}

	_, answer, err = client.LogoutAPI.InitLogout(browser).State("\x01").Execute()
	seen["refused with a page"] = []any{answer.StatusCode, nil, beginning(err)}

	_, answer, err = client.LogoutAPI.EndSessionPost(browser, "acme").IdTokenHint(hint).PostLogoutRedirectUri("https://evil.example/").Execute()
	seen["refused"] = []any{answer.StatusCode, code(err)}
}

func logOut(browser context.Context, client *endsession.APIClient) {
	_, out, _ := client.LogoutAPI.EndSessionPost(browser, "acme").IdTokenHint(hint).PostLogoutRedirectUri(back).State("a b&c").Execute()
	seen["out"] = []any{out.StatusCode, out.Header.Get("Location")}

	parameters := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back}, "state": {"a b&c"}}
	seen["url"] = base + "/acme/end-session?" + parameters.Encode()
}

func after(management context.Context, client *endsession.APIClient) {
	ended, _, err := client.SessionsAPI.GetSession(management, "acme", sid).Execute()
	check(err)
	seen["ended"] = []any{ended.State, ended.GetEndReason()}

	ledger, _, err := client.DeliveriesAPI.ListDeliveries(management, "acme").ClientId("web").Execute()
	check(err)
	var rows [][]any
	for _, one := range ledger.Deliveries {
		rows = append(rows, []any{one.Sid, one.ClientId, one.Channel, one.State, len(one.Attempts)})
	}
	seen["ledger"] = rows

	_, late, err := client.SessionsAPI.JoinSession(management, "acme", sid).Participant(*endsession.NewParticipant("web")).Execute()
	seen["late"] = []any{late.StatusCode, code(err)}

	wrong := context.WithValue(management, endsession.ContextAccessToken, "wrong")
	_, stranger, err := client.SessionsAPI.GetSession(wrong, "acme", sid).Execute()
	seen["stranger"] = []any{stranger.StatusCode, code(err)}
}

func limit(browser context.Context, client *endsession.APIClient) {
	for range 50 {
		_, limited, err := client.LogoutAPI.RpInitiatedLogout(browser, "acme").Execute()
		if limited.StatusCode == http.StatusTooManyRequests {
			seconds, _ := strconv.Atoi(limited.Header.Get("Retry-After"))
			seen["limited"] = []any{code(err), seconds > 0}
			return
		}
	}
}

// code is the stable code of an error answer.
func code(err error) string {
	var failed *endsession.GenericOpenAPIError
	if !errors.As(err, &failed) {
		log.Fatal(err)
	}
	body, ok := failed.Model().(endsession.OAuthError)
	if !ok {
		log.Fatalf("not an OAuthError: %s", failed.Body())
	}
	return body.Error
}

// beginning is that of a page, which the SDK hands over as it is.
func beginning(err error) string {
	var failed *endsession.GenericOpenAPIError
	if !errors.As(err, &failed) {
		log.Fatal(err)
	}
	return string(failed.Body()[:15])
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
