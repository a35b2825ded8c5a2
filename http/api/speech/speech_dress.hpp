/// @file
/// Speech as the backends of a catalog are asked for it.
#pragma once

#include "actors/protocol/voice_messages.hpp"
#include "http/api/deployments/deployment_dress.hpp"
#include "http/api/speech/speech_request.hpp"
#include "http/api/speech/voice_lists.hpp"
#include "http/dialects/answer_translator.hpp"
#include "http/proxy/translation.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace synapse::net {
class blocking_pool;
}

namespace synapse::api {

/// A voice of the library speaks where it can be cloned; other voices where they are known. A
/// backend that has not got the voice, the format or the speed is not asked.
class speech_dress final : public deployment_dress {
public:
  /// @param body of the exchange, parsed. Outlives this.
  speech_dress(net::blocking_pool& blocking, server::exchange& exchange,
               const nlohmann::ordered_json& body);
  ~speech_dress() override;

  /// The voice that is asked for is one of the library. @param voice its id
  void set_library_voice(std::string voice) { library_voice_ = std::move(voice); }
  /// The library could not be asked, for this reason.
  void set_library_problem(std::string why) { library_problem_ = std::move(why); }

  std::optional<refusal> dress(const attempt_place& where,
                               proxy::forward_options& options) override;
  bool has_to_prepare(const attempt_place& where) const override;
  net::task<void> prepare(attempt_place where, preparation& into) override;
  bool corrects(const attempt_place& where, const proxy::miss& what) override;
  std::optional<error_reading> read(const attempt_place& where,
                                    const proxy::collected_answer& answer) override;

private:
  class answer;
  std::optional<refusal> wish_for(const attempt_place& where, named_speech& into) const;
  bool is_listed(const attempt_place& where, const voice_facts& facts) const;
  net::task<void> prepare_clone(attempt_place where, preparation& into);
  std::optional<refusal> ask_chatterbox(const named_speech& wish, const attempt_place& where,
                                        proxy::forward_options& options);
  std::optional<refusal> ask_piper(const named_speech& wish, const attempt_place& where,
                                   proxy::forward_options& options);
  std::optional<refusal> ask_speaches(const named_speech& wish, const attempt_place& where,
                                      proxy::forward_options& options);
  std::optional<refusal> ask_openai(const attempt_place& where, proxy::forward_options& options);
  void ask(std::string path, std::string type, std::string body, proxy::forward_options& options);
  refusal no_clone(const attempt_place& where, const named_speech& wish) const;

  net::blocking_pool& blocking_;
  server::exchange& ex_;
  const nlohmann::ordered_json& body_;
  std::string library_voice_;
  std::string library_problem_;
  std::string copy_;                            ///< of the library's voice, as the backend calls it
  const routing::deployment* copied_ = nullptr; ///< whose that is
  std::vector<const routing::deployment*> corrected_;
  std::string fields_;
  std::string edited_;
  std::string target_;
  proxy::own_request native_;
  std::unique_ptr<answer> answer_;
};

} // namespace synapse::api
