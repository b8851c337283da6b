// Command kube is every Kubernetes component that the tests need, linked into one program: six programs share
// most of their code, so one is a third of their size and is linked once. Which component it is, its own file
// name says (a link called kube-apiserver runs the API server); under any other name, its first argument.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// component gives the command of that name; nil for a name that is none of ours.
func component(name string) *cobra.Command {
	switch name {
	case "kube-apiserver":
		return apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		return controllers.NewControllerManagerCommand()
	case "kube-scheduler":
		return scheduler.NewSchedulerCommand()
	case "kubelet":
		return kubelet.NewKubeletCommand(context.Background())
	case "kubectl":
		return kubectl.NewDefaultKubectlCommand()
	}
	return nil
}

func run(name string) {
	if name == "etcd" { // reads os.Args itself and exits
		etcdmain.Main(os.Args)
		return
	}
	if command := component(name); command != nil {
		os.Exit(cli.Run(command))
	}
}

func main() {
	run(filepath.Base(os.Args[0]))
	if len(os.Args) > 1 {
		os.Args = os.Args[1:]
		run(os.Args[0])
	}
	fmt.Fprintln(os.Stderr, "usage: kube etcd|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|kubectl [flags]")
	os.Exit(2)
}
