/// @file
/// A JSON answer on its way from a backend to the client.
#pragma once

#include "http/dialects/answer_translator.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace synapse::http {

/// A JSON object, read whole: a broken one never reaches the client as an answer.
class json_answer : public answer_translator {
public:
  progress begin(const response_head& answer) override;
  progress take(std::string_view bytes, std::string& out) override;
  progress finish(std::string& out) override;
  head client_head() const override;
  std::optional<told_error> reported() const override { return told_; }

protected:
  /// It is not what is wanted: perhaps an error in its place.
  progress refuse_answer(std::string_view text, std::string why);
  /// Makes the client's answer of the whole text, which is a JSON object.
  virtual progress translate(std::string& text, std::string& out);

private:
  std::string text_;
  std::optional<told_error> told_;
};

} // namespace synapse::http
