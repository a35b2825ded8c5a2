#include "actors/replicas/link/session_keys.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <stdexcept>

namespace synapse::actors::cluster {

namespace {

void append(std::string& to, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    to += static_cast<char>(value >> shift);
}

/// With its length, so that no two lists of texts have the same bytes.
void append(std::string& to, std::string_view text) {
  append(to, static_cast<std::uint64_t>(text.size()));
  to += text;
}

std::string sum_of(const std::string& key, const peer_packet& packet) {
  std::string text;
  text.reserve(packet.body.size() + 40);
  text += static_cast<char>(packet.kind);
  append(text, packet.to);
  append(text, packet.from);
  append(text, packet.number);
  append(text, packet.body);
  return hmac_sha256(key, text);
}

} // namespace

std::string hmac_sha256(std::string_view key, std::string_view text) {
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (!::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), sum, &size))
    throw std::runtime_error("OpenSSL cannot compute HMAC-SHA256");
  return {reinterpret_cast<const char*>(sum), size};
}

bool same_bytes(std::string_view one, std::string_view other) {
  return one.size() == other.size() && ::CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  std::string result(count, '\0');
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(result.data()), static_cast<int>(count)) != 1)
    throw std::runtime_error("OpenSSL has no random numbers");
  return result;
}

std::uint64_t random_number() {
  std::uint64_t result = 0;
  while (result == 0)
    std::memcpy(&result, random_bytes(sizeof result).data(), sizeof result);
  return result;
}

session_keys::session_keys(std::string_view secret, session_role own, const peer_packet& hello,
                           const peer_packet& offer) {
  std::string greetings = "synapse cluster session";
  append(greetings, hello.from);
  append(greetings, offer.from);
  append(greetings, std::string_view{hello.body});
  append(greetings, std::string_view{offer.body});
  const std::string base = hmac_sha256(secret, greetings);
  const std::string dialling = hmac_sha256(base, "dialling");
  const std::string answering = hmac_sha256(base, "answering");
  own_ = own == session_role::dialling ? dialling : answering;
  theirs_ = own == session_role::dialling ? answering : dialling;
}

void session_keys::seal(peer_packet& packet) {
  packet.number = ++sent_;
  packet.seal = sum_of(own_, packet);
}

bool session_keys::open(const peer_packet& packet) {
  // CAF keeps the order of a connection: a gap means that the door had to drop a packet. The
  // session is silent from then on, times out, and the next one begins with what was really taken.
  if (theirs_.empty() || packet.number != received_ + 1)
    return false;
  if (!same_bytes(packet.seal, sum_of(theirs_, packet)))
    return false;
  received_ = packet.number;
  return true;
}

} // namespace synapse::actors::cluster
