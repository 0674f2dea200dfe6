package fault

// Faults of the encryption of secrets in etcd.
const (
	EncryptionKeyLost    Code = "KB6045"
	EncryptionKeyDamaged Code = "KB6046"
	SecretsNotEncrypted  Code = "KB6047"
)

// encryptionEntries are the faults of the encryption of secrets, in the inventory and in a cluster.
var encryptionEntries = []Entry{
	{InventorySecurity, "settings under security contradict each other",
		`Two settings of the inventory cannot both hold: the tool encrypts secrets and the arguments of kube-apiserver
name a configuration of your own, or a key has a number and nothing is encrypted.`,
		`Leave out one of the two settings that the message names.`},
	{EncryptionKeyLost, "a key that secrets are encrypted with is not in the state directory",
		`A control plane has a key in /etc/kubernetes/encryption.yaml that the state directory lacks. Secrets in etcd may
be encrypted with it, and no API server could read them any more if the file were written again. Nothing was changed.`,
		`Restore the state directory of this cluster from a backup. Without one, copy the key from the control plane:
the text behind "secret:" of key1 is the content of encryption-1.key.

    sudo cat /etc/kubernetes/encryption.yaml
    install -m 600 /dev/stdin .kbootstrap/CLUSTER/pki/encryption-1.key`},
	{EncryptionKeyDamaged, "a key that secrets are encrypted with cannot be used",
		`A file encryption-N.key in the state directory is not 32 bytes in base64. The tool never replaces it: what was
encrypted with the key could not be read any more.`,
		`Restore the file from a backup, or copy the key from a control plane, where it is the text behind "secret:".

    sudo cat /etc/kubernetes/encryption.yaml`},
	{SecretsNotEncrypted, "not all secrets could be written again",
		`The API servers encrypt what they write, and the tool has each Secret that is older written once more without a
change. The API refused that for the Secrets in the message, often by the webhook of an add-on. They can be read as
before. They are as they were in etcd: not encrypted, or encrypted with an older key.`,
		`Put right what refuses the change, then run up again: it goes on with the Secrets that are left.

    kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations`},
}
