// The etcd server as a command of its own: the released main package lives in a
// module that is not published with a version.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
