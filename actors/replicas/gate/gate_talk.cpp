#include "actors/replicas/gate/gate_talk.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace synapse::actors::cluster {

namespace {
constexpr std::string_view greeting_mark = "synapse"; // the version is the byte behind it
constexpr std::size_t nonce_bytes = 32;
constexpr std::size_t greeting_bytes = greeting_mark.size() + 1 + nonce_bytes;
constexpr std::size_t gate_proof_bytes = 32;
constexpr char verdict_welcome = 1;
constexpr char verdict_secret = 2;
} // namespace

std::string_view to_string(gate_talk::reason why) {
  switch (why) {
  case gate_talk::reason::none:
    return "none";
  case gate_talk::reason::greeting:
    return "greeting";
  case gate_talk::reason::version:
    return "version";
  case gate_talk::reason::secret:
    return "secret";
  }
  return "none";
}

gate_talk::gate_talk(session_role own, std::shared_ptr<const std::string> secret)
    : own_(own), secret_(std::move(secret)) {
  greeting_ = std::string{greeting_mark} + static_cast<char>(gate_version);
  greeting_ += random_bytes(nonce_bytes);
  if (own_ == session_role::dialling)
    output_ = greeting_;
}

std::size_t gate_talk::wanted() const noexcept {
  if (state_ != state::talking)
    return 0;
  const std::size_t whole = step_ == step::greeting ? greeting_bytes
                            : step_ == step::proof  ? gate_proof_bytes
                                                    : 1 + gate_proof_bytes;
  return whole - input_.size();
}

void gate_talk::take(std::string_view bytes) {
  assert(bytes.size() <= wanted());
  input_.append(bytes);
  if (step_ == step::greeting) {
    // At the first byte that does not fit, not after 40 of them: something else may send fewer and
    // wait for an answer.
    const auto known = std::min(input_.size(), greeting_mark.size());
    if (std::string_view{input_}.substr(0, known) != greeting_mark.substr(0, known))
      return refuse(reason::greeting);
  }
  if (wanted() != 0)
    return;
  switch (step_) {
  case step::greeting:
    return on_greeting();
  case step::proof:
    return on_proof();
  case step::verdict:
    return on_verdict();
  }
}

void gate_talk::refuse(reason why) {
  state_ = state::refused;
  why_ = why;
}

void gate_talk::on_greeting() {
  theirs_ = std::exchange(input_, {});
  their_version_ = static_cast<unsigned char>(theirs_[greeting_mark.size()]);
  // Ours is told in any case: the other side can then say which versions they are.
  if (own_ == session_role::answering)
    output_ += greeting_;
  if (their_version_ != gate_version)
    return refuse(reason::version);
  if (own_ == session_role::dialling) {
    output_ += proof_of(session_role::dialling);
    step_ = step::verdict;
  } else {
    step_ = step::proof;
  }
}

void gate_talk::on_proof() {
  if (!same_bytes(input_, proof_of(session_role::dialling))) {
    // As long as a welcome, and with nothing in it that was made of the secret.
    output_ += verdict_secret + std::string(gate_proof_bytes, '\0');
    return refuse(reason::secret);
  }
  output_ += verdict_welcome + proof_of(session_role::answering);
  state_ = state::passed;
}

void gate_talk::on_verdict() {
  if (input_[0] == verdict_welcome &&
      same_bytes(std::string_view{input_}.substr(1), proof_of(session_role::answering)))
    state_ = state::passed;
  else
    refuse(reason::secret);
}

std::string gate_talk::proof_of(session_role role) const {
  const bool dialling = own_ == session_role::dialling;
  std::string text = role == session_role::dialling ? "synapse cluster gate, dialling"
                                                    : "synapse cluster gate, answering";
  text += dialling ? greeting_ : theirs_;
  text += dialling ? theirs_ : greeting_;
  return hmac_sha256(*secret_, text);
}

} // namespace synapse::actors::cluster
