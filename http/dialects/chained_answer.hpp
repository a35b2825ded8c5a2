/// @file
/// Two translations, one after the other.
#pragma once

#include "http/dialects/answer_translator.hpp"

#include <string>
#include <string_view>

namespace synapse::http {

/// What the first makes of a backend's answer is what the second makes the client's of. Both
/// outlive it. The second's `begin` is not called: there is no such head.
class chained_answer final : public answer_translator {
public:
  chained_answer(answer_translator& first, answer_translator& second) noexcept
      : first_(first), second_(second) {}

  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  void broken(std::string& out, response_detail detail, std::string_view message) override;
  bool may_keep_alive() const override { return second_.may_keep_alive(); }
  bool promises_events() override { return second_.promises_events(); }
  std::optional<told_error> reported() const override;
  std::int64_t prompt_tokens() const noexcept override { return first_.prompt_tokens(); }
  std::int64_t completion_tokens() const noexcept override { return first_.completion_tokens(); }

private:
  progress pass_on(progress how, std::string& out);

  answer_translator& first_;
  answer_translator& second_;
  std::string between_;
};

} // namespace synapse::http
