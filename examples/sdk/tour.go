// A login side, an app and an operator at the gateway of `make demo`, through the Go SDK.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"

	endsession "endsession/sdk/go"
)

func main() {
	base := "http://localhost:8080"
	if other := os.Getenv("ENDSESSION_URL"); other != "" {
		base = other
	}
	token, idToken := read(".demo/management.token"), read(".demo/authpi.hint")
	// As the provider announces it.
	endSession := strings.Replace(base, "localhost", "login.localhost", 1) + "/demo/end-session"
	back := strings.Replace(base, "localhost", "calendar.localhost", 1) + "/signed-out"

	configuration := endsession.NewConfiguration()
	configuration.Servers = endsession.ServerConfigurations{{URL: base}}
	configuration.HTTPClient = &http.Client{ // hands redirects over instead of following them
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client := endsession.NewAPIClient(configuration)
	browser := context.Background()
	management := context.WithValue(browser, endsession.ContextAccessToken, token)

	// The login side: somebody signs in, and then an app gets an ID token.
	sid, cookie := rand.Text(), rand.Text()
	registration := endsession.NewSessionRegistration("alice")
	registration.SetCookieSha256([]string{fmt.Sprintf("%x", sha256.Sum256([]byte(cookie)))})
	_, _, err := client.SessionsAPI.PutSession(management, "demo", sid).SessionRegistration(*registration).Execute()
	check(err)
	app := endsession.NewParticipant("calendar")
	session, _, err := client.SessionsAPI.JoinSession(management, "demo", sid).Participant(*app).Execute()
	check(err)
	fmt.Println("registered:", session.State, session.Clients[0].ClientId)

	// The app: where to send the user's browser to log out.
	parameters := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {back}, "state": {"xyz"}}
	fmt.Printf("logout link: %.65s...\n", endSession+"?"+parameters.Encode())

	// An app without a browser: the ID token says whose session ends. Go's error for a redirect is of no concern.
	_, out, _ := client.LogoutAPI.EndSession(browser, "demo").IdTokenHint(idToken).PostLogoutRedirectUri(back).State("xyz").Execute()
	if out == nil {
		log.Fatal("the gateway cannot be reached")
	}
	fmt.Println("logged out:", out.StatusCode, out.Header.Get("Location"))

	// The operator: who has been told?
	ledger, _, err := client.DeliveriesAPI.ListDeliveries(management, "demo").ClientId("calendar").Execute()
	check(err)
	for _, one := range ledger.Deliveries {
		fmt.Printf("ledger: %s %s after %d attempt(s)\n", one.ClientId, one.State, len(one.Attempts))
	}
}

func read(file string) string {
	content, err := os.ReadFile(file)
	check(err)
	return string(content)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
