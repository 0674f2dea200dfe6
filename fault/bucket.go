package fault

// Faults of stores that speak S3, in which backups are kept.
const (
	BucketPlace     Code = "KB6124"
	BucketKeys      Code = "KB6125"
	BucketRefused   Code = "KB6126"
	BucketMissing   Code = "KB6127"
	BucketClock     Code = "KB6128"
	BucketUnreached Code = "KB6129"
)

var bucketEntries = []Entry{
	{BucketPlace, "that is no place in a store of backups",
		`A place in a store that speaks S3 is s3://BUCKET/NAME. The server is not in it but in the inventory, under
backup.s3.endpoint, and no login is in either. A backup that is not sealed goes into no store.`,
		`Name the bucket and what the names of backups begin with.

    kbootstrap backup -o s3://backups/demo/`},
	{BucketKeys, "there are no keys for the store of backups",
		`A store that speaks S3 takes requests that are signed with an access key and its secret. Neither the environment
nor a file had them, or others can read the file. Nothing was sent.`,
		`Write them into a file that only you can read, or into the environment.

    install -m 600 /dev/null ~/.aws/credentials
    $EDITOR ~/.aws/credentials`},
	{BucketRefused, "the store of backups refuses the request",
		`The server knows no such access key, the secret belongs to another one, the key may not do this in the bucket, or
the bucket is in another region. Its answer is in the message.`,
		`Compare the key, backup.s3.endpoint and backup.s3.region with what the owner of the store says.

The key must be allowed to put, get and list objects of the bucket, and to delete them where backup.s3.keep is set.`},
	{BucketMissing, "there is no such bucket or backup in the store",
		`The server took the key, and has nothing under that name. Buckets are not made by the tool.`,
		`Make the bucket, or look at the names of the backups in it. A name that ends with a slash stands for the newest
backup of the cluster.

    kbootstrap backup verify s3://backups/demo/`},
	{BucketClock, "the clocks of this machine and of the store differ",
		`Requests are signed with their time, and a store takes those of the last minutes. The clock here is wrong, or that of
the store.`,
		`Set the clock of this machine.

    timedatectl set-ntp true`},
	{BucketUnreached, "the store of backups was not reached",
		`The server of backup.s3.endpoint did not answer, answered that it cannot serve now, or showed a certificate that this
machine does not trust.`,
		`Look at the address, at proxies in the environment (HTTPS_PROXY), and at the certificate: that of an authority of your
own goes into a file that backup.s3.ca names.`},
}
