// Command server shows the agents of the migrated database.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/neuraknot/internal/database"
)

type agent struct {
	Name          string `json:"name"`
	Conversations int    `json:"conversations"`
}

const query = `SELECT a.name, count(c.id) FROM ai_agents a LEFT JOIN conversations c ON c.ai_agent_id = a.id
GROUP BY a.name ORDER BY a.name`

var page = template.Must(template.New("agents").Parse(`<!doctype html><title>Agents</title><h1>Agents</h1>
<table><tr><th>Name</th><th>Conversations</th></tr>
{{range .Agents}}<tr><td>{{.Name}}</td><td>{{.Conversations}}</td></tr>
{{end}}</table><p>Version {{.Version}}, schema {{.Schema}}</p>
`))

type server struct {
	db      *sql.DB
	version string
}

func main() {
	settings, err := database.FromEnvironment()
	if err != nil {
		log.Fatalln("error:", err)
	}
	db, err := database.Open(settings)
	if err != nil {
		log.Fatalln("error:", err)
	}
	app := server{db, os.Getenv("VERSION")}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", app.health)
	routes.HandleFunc("GET /agents.json", app.asJSON)
	routes.HandleFunc("GET /{$}", app.asPage)
	listener := &http.Server{Addr: ":8000", Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() {
		if err := listener.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			log.Fatalln("error:", err)
		}
	}()
	log.Println("listening on port 8000")
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := listener.Shutdown(ending); err != nil {
		log.Fatalln("error:", err)
	}
}

func (app server) health(answer http.ResponseWriter, _ *http.Request) {
	answer.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(answer, "{\"status\": \"ok\", \"version\": %q}\n", app.version)
}

type shown struct {
	Version string  `json:"version"`
	Schema  int     `json:"schema"`
	Agents  []agent `json:"agents"`
}

func (app server) read(ctx context.Context) (shown, error) {
	found := shown{Version: app.version}
	rows, err := app.db.QueryContext(ctx, query)
	if err != nil {
		return found, err
	}
	defer rows.Close()
	for rows.Next() {
		var each agent
		if err := rows.Scan(&each.Name, &each.Conversations); err != nil {
			return found, err
		}
		found.Agents = append(found.Agents, each)
	}
	if err := rows.Err(); err != nil {
		return found, err
	}
	const version = "SELECT max(version_id) FROM goose_db_version WHERE is_applied"
	return found, app.db.QueryRowContext(ctx, version).Scan(&found.Schema)
}

func (app server) asJSON(answer http.ResponseWriter, request *http.Request) {
	found, err := app.read(request.Context())
	if err != nil {
		refuse(answer, err)
		return
	}
	answer.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(answer).Encode(found); err != nil {
		log.Println("answering:", err)
	}
}

func (app server) asPage(answer http.ResponseWriter, request *http.Request) {
	found, err := app.read(request.Context())
	if err != nil {
		refuse(answer, err)
		return
	}
	if err := page.Execute(answer, found); err != nil {
		log.Println("answering:", err)
	}
}

// refuse tells the log what is wrong, and the visitor only that something is.
func refuse(answer http.ResponseWriter, err error) {
	log.Println("reading the agents:", err)
	http.Error(answer, "the agents cannot be read", http.StatusInternalServerError)
}
