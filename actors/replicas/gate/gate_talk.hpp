/// @file
/// What two replicas say to each other on a fresh connection, before CAF sees a byte of it. No
/// sockets.
#pragma once

#include "actors/replicas/link/session_keys.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace synapse::actors::cluster {

/// Goes up when the messages change; how a greeting begins stays as it is.
inline constexpr unsigned char gate_version = 1;

/// Each side shows the other that it has the secret, without telling it: who dials greets with a
/// nonce, the other side answers with one of its own, then come HMAC-SHA256 of the secret over both
/// greetings, the dialling side's first. All messages have a fixed length, so whoever has not shown
/// the secret is never read further than that, and nothing behind the last one is touched: CAF
/// finds it in the socket.
class gate_talk {
public:
  enum class state { talking, passed, refused };
  /// Why it is over; for metrics and for what people are told.
  enum class reason {
    none,
    greeting, ///< it does not begin as a replica does
    version,  ///< of another version of this talk
    secret,   ///< it has another secret, or says that we have
  };

  gate_talk(session_role own, std::shared_ptr<const std::string> secret);

  state now() const noexcept { return state_; }
  reason why() const noexcept { return why_; }
  /// Of the other side, when the reason is `version`.
  unsigned their_version() const noexcept { return their_version_; }

  /// How many bytes the other side's current message still has; 0: none is expected.
  std::size_t wanted() const noexcept;
  /// @pre not more than wanted().
  void take(std::string_view bytes);
  /// What is to be sent. The caller takes off what went out. Whatever the state: a refusal has to
  /// be told.
  std::string& output() noexcept { return output_; }

private:
  void refuse(reason why);
  void on_greeting();
  void on_proof();
  void on_verdict();
  std::string proof_of(session_role role) const;

  session_role own_;
  std::shared_ptr<const std::string> secret_;
  state state_ = state::talking;
  reason why_ = reason::none;
  unsigned their_version_ = 0;
  enum class step { greeting, proof, verdict } step_ = step::greeting;
  std::string greeting_;
  std::string theirs_;
  std::string input_; ///< of the message under way
  std::string output_;
};

std::string_view to_string(gate_talk::reason why);

} // namespace synapse::actors::cluster
