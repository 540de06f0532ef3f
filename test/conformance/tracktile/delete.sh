curl -X DELETE "https://api.tracktile.io/hooks/{id}" \
  -H "Authorization: Bearer api-YOUR_TOKEN_HERE"
