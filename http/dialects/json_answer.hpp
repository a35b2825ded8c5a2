/// @file
/// A JSON answer on its way from a backend to the client.
#pragma once

#include "http/dialects/answer_translator.hpp"

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

protected:
  /// Makes the client's answer of the whole text, which is a JSON object.
  virtual progress translate(std::string& text, std::string& out);

private:
  std::string text_;
};

} // namespace synapse::http
