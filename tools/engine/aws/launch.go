package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
)

const (
	// parentPoll is how often the plugin looks whether its parent still lives.
	parentPoll = time.Second
	// shutdownGrace is what running calls get once this process is asked to end.
	shutdownGrace = 3 * time.Second
)

// handshake is what every Terraform provider expects of whoever starts it.
var handshake = goplugin.HandshakeConfig{
	MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
	MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
}

// launchWithLifetime starts the Terraform provider so that it never outlives this process, and returns a context that
// ends when this process must: on SIGTERM, on SIGINT (the engine's way to say goodbye) and when the parent dies.
// A provider does not notice the death of its own parent, hence the care.
func launchWithLifetime(binary string) (context.Context, *goplugin.Client, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	child := launch(binary)
	go watchParent(os.Getppid(), stop)
	go func() {
		<-ctx.Done()
		time.Sleep(shutdownGrace) // normally the server has stopped and main has returned by then
		child.Kill()
		os.Exit(1)
	}()
	if _, err := child.Start(); err != nil {
		child.Kill()
		return nil, nil, fmt.Errorf("the Terraform provider %s does not start: %w", binary, err)
	}
	return ctx, child, nil
}

func launch(binary string) *goplugin.Client {
	cmd := exec.Command(binary)
	cmd.SysProcAttr = dieWithParent()
	return goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  handshake,
		VersionedPlugins: map[int]goplugin.PluginSet{5: {"provider": protocol5{}}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Cmd:              cmd,
		AutoMTLS:         true,
		Logger:           providerLog(),
	})
}

// providerLog shows the provider's log on standard error, as loud as Terraform's own variable says; silent without it.
func providerLog() hclog.Logger {
	level := hclog.LevelFromString(os.Getenv("TF_LOG_PROVIDER"))
	if level == hclog.NoLevel {
		level = hclog.Off
	}
	return hclog.New(&hclog.LoggerOptions{Level: level, Output: os.Stderr})
}

func watchParent(parent int, stop func()) {
	for os.Getppid() == parent {
		time.Sleep(parentPoll)
	}
	stop()
}

// protocol5 connects to a provider that speaks version 5 of Terraform's plugin protocol.
type protocol5 struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (protocol5) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return tfplugin5.NewProviderClient(c), nil
}

func (protocol5) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this program only calls providers")
}
