package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"example.com/verify"
)

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	genuine, err := check(os.Args[1], body)
	if err != nil {
		log.Fatal(err)
	}
	if !genuine {
		fmt.Println("refused")
		os.Exit(1)
	}
	fmt.Println("genuine")
}

func check(scheme string, body []byte) (bool, error) {
	secret, signature := os.Getenv("WEBHOOK_SECRET"), os.Getenv("WEBHOOK_SIGNATURE")
	if scheme == "hmac" {
		return verify.Hmac(secret, signature, body)
	}
	id, timestamp := os.Getenv("WEBHOOK_ID"), os.Getenv("WEBHOOK_TIMESTAMP")
	return verify.Standard(secret, id, timestamp, signature, body)
}
