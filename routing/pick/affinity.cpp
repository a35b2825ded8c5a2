#include "routing/pick/affinity.hpp"

#include "routing/pick/random.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace synapse::routing {

namespace {
/// Of what a key was made, so that a session is not taken for a cache key of the same text.
enum class key_kind : std::uint64_t { session = 1, cache_key = 2, texts = 3, deployment = 4 };

constexpr std::uint64_t fold_seed = 0xcbf29ce484222325U;
constexpr std::uint64_t fold_prime = 0x100000001b3U;

/// FNV-1a by words instead of bytes; its upper half is folded down, which words need.
constexpr std::uint64_t fold(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * fold_prime;
  return hash ^ (hash >> 32);
}

constexpr std::uint64_t from_little_endian(std::uint64_t word) noexcept {
  return std::endian::native == std::endian::big ? __builtin_bswap64(word) : word;
}

std::uint64_t fold_text(std::uint64_t hash, std::string_view text) noexcept {
  // Where one text ends and the next one begins makes a difference.
  hash = fold(hash, text.size());
  std::uint64_t word = 0;
  for (; text.size() >= sizeof word; text.remove_prefix(sizeof word)) {
    std::memcpy(&word, text.data(), sizeof word);
    hash = fold(hash, from_little_endian(word));
  }
  word = 0;
  if (!text.empty()) // a text that is none has no address
    std::memcpy(&word, text.data(), text.size());
  return fold(hash, from_little_endian(word));
}

std::uint64_t hash_one(key_kind kind, std::string_view text) noexcept {
  const auto begun = fold(fold_seed, static_cast<std::uint64_t>(kind));
  return mix_bits(fold_text(begun, text.substr(0, affinity_bytes)));
}

std::uint64_t hash_texts(const affinity_source& from) noexcept {
  constexpr auto shared = affinity_bytes - affinity_user_bytes;
  const auto model = from.model.substr(0, shared);
  const auto system = from.system.substr(0, shared - model.size());
  const auto user = from.user.substr(0, affinity_bytes - model.size() - system.size());
  auto hash = fold(fold_seed, static_cast<std::uint64_t>(key_kind::texts));
  for (const auto part : {model, system, user})
    hash = fold_text(hash, part);
  return mix_bits(hash);
}
} // namespace

std::uint64_t affinity_key(const affinity_source& from) noexcept {
  std::uint64_t key = 0;
  if (!from.session.empty())
    key = hash_one(key_kind::session, from.session);
  else if (!from.cache_key.empty())
    key = hash_one(key_kind::cache_key, from.cache_key);
  else if (!from.system.empty() || !from.user.empty())
    key = hash_texts(from);
  else
    return 0;
  return key == 0 ? 1 : key;
}

std::uint64_t deployment_hash(std::string_view id) noexcept {
  return hash_one(key_kind::deployment, id);
}

double rendezvous_place(std::uint64_t key, std::uint64_t deployment) noexcept {
  const auto bits = mix_bits(key ^ mix_bits(deployment)) >> 11;
  // Neither 0 nor 1: the logarithm is finite and not 0.
  return (static_cast<double>(bits) + 0.5) * 0x1p-53;
}

double rendezvous_score(std::uint64_t key, std::uint64_t deployment, double weight) noexcept {
  return -weight / std::log(rendezvous_place(key, deployment));
}

} // namespace synapse::routing
