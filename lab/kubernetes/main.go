// Command kubernetes is every program of a one-node Kubernetes cluster in one
// binary: the first argument says which. It adds no behaviour of its own, so
// that what the lab runs is what a cluster runs; go.mod pins the release.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// etcdReadyTimeout bounds how long etcd may take to serve its first request.
const etcdReadyTimeout = 30 * time.Second

var programs = map[string]func() *cobra.Command{
	"etcd":                    etcdCommand,
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllermanager.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kube-proxy":              proxy.NewProxyCommand,
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
	"kubelet":                 kubeletCommand,
}

func main() {
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: kubernetes etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|kube-proxy|kubectl [ARGS]")
		os.Exit(2)
	}
	program := programs[os.Args[1]]
	// Each program parses os.Args as if it had been called by its own name.
	os.Args = os.Args[1:]
	os.Exit(cli.Run(program()))
}

// kubeletCommand hands the kubelet its flags explicitly: it turns cobra's
// parsing off and reads them itself. It listens for signals by itself too.
func kubeletCommand() *cobra.Command {
	command := kubelet.NewKubeletCommand(context.Background())
	command.SetArgs(os.Args[1:])
	return command
}

// etcdCommand runs etcd from the configuration file that --config-file names.
func etcdCommand() *cobra.Command {
	var file string
	command := &cobra.Command{
		Use:          "etcd --config-file FILE",
		SilenceUsage: true,
		RunE: func(*cobra.Command, []string) error {
			config, err := embed.ConfigFromFile(file)
			if err != nil {
				return err
			}
			server, err := embed.StartEtcd(config)
			if err != nil {
				return err
			}
			defer server.Close()
			stop := make(chan os.Signal, 1)
			signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
			select {
			case <-server.Server.ReadyNotify():
			case <-time.After(etcdReadyTimeout):
				return fmt.Errorf("etcd was not ready after %s", etcdReadyTimeout)
			}
			select {
			case <-stop:
				return nil
			case err := <-server.Err():
				return err
			}
		},
	}
	command.Flags().StringVar(&file, "config-file", "", "etcd's configuration file")
	if err := command.MarkFlagRequired("config-file"); err != nil {
		panic(err)
	}
	return command
}
