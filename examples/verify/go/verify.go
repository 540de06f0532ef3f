package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

var errNoSecret = errors.New("the secret is empty, or is not base64")

// Standard verifies Standard Webhooks: the headers webhook-id, webhook-timestamp and
// webhook-signature, and the body as it came.
func Standard(secret, id, timestamp, signature string, body []byte) (bool, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return false, errNoSecret
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false, nil
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, one := range strings.Split(signature, " ") {
		if hmac.Equal([]byte(one), expected) {
			return true, nil
		}
	}
	return false, nil
}

// Hmac verifies the HMAC-SHA256 of the body, in hex, in a header of the provider's:
// X-Acme-Signature.
func Hmac(secret, signature string, body []byte) (bool, error) {
	if secret == "" {
		return false, errNoSecret
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hmac.Equal([]byte(signature), []byte(hex.EncodeToString(mac.Sum(nil)))), nil
}
