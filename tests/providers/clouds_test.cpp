// What services say of their models, and how seldom they are asked.
#include "providers/provider_table.hpp"

#include <gtest/gtest.h>

#include <string>

namespace synapse::providers {
namespace {

using config::backend_type;
using config::capability;

TEST(openrouter_says, what_its_models_can_do) {
  const auto list = descriptor_of(backend_type::openrouter).discovery.read(R"({"data":[
    {"id":"openai/gpt-4o","context_length":128000,"architecture":{"modality":"text+image->text",
     "input_modalities":["text","image"],"output_modalities":["text"]},
     "supported_parameters":["max_tokens","tools","structured_outputs"]},
    {"id":"x/draw","architecture":{"input_modalities":["text"],"output_modalities":["image"]}},
    {"id":"x/vectors","architecture":{"output_modalities":["embeddings"]}},{"id":"x/bare"}]})");
  ASSERT_EQ(list.models.size(), 4u) << list.problem;
  EXPECT_EQ(list.models[0].context, 128000u);
  for (const auto what :
       {capability::chat, capability::vision, capability::tools, capability::json_schema})
    EXPECT_TRUE(list.models[0].capabilities.has(what)) << config::to_string(what);
  EXPECT_TRUE(list.models[0].capabilities.lacks(capability::reasoning));
  EXPECT_TRUE(list.models[1].capabilities.lacks(capability::chat));
  EXPECT_TRUE(list.models[2].capabilities.has(capability::embeddings));
  EXPECT_EQ(list.models[3].capabilities, config::capability_set{});
}

TEST(anthropic_says, what_models_it_has) {
  const auto& anthropic = descriptor_of(backend_type::anthropic);
  const auto list = anthropic.discovery.read(R"({"data":[{"type":"model","id":"m",
    "display_name":"M","created_at":"2026-01-01T00:00:00Z","max_input_tokens":200000,
    "max_tokens":64000}],"has_more":false,"first_id":"m","last_id":"m"})");
  ASSERT_EQ(list.models.size(), 1u) << list.problem;
  EXPECT_EQ(list.models[0].name, "m");
  EXPECT_EQ(list.models[0].context, 200000u);
  EXPECT_TRUE(list.models[0].capabilities.lacks(capability::embeddings));
  EXPECT_FALSE(list.models[0].capabilities.lacks(capability::responses)) << "through chat";
  EXPECT_NE(anthropic.discovery.fields.find("anthropic-version: "), std::string_view::npos);
  EXPECT_FALSE(
      anthropic.discovery.read(R"({"type":"error","error":{"type":"authentication_error"}})").ok());
}

TEST(openai_says, names_only) {
  const auto list = descriptor_of(backend_type::openai)
                        .discovery.read(R"({"object":"list","data":[{"id":"gpt-4o"}]})");
  ASSERT_EQ(list.models.size(), 1u);
  EXPECT_EQ(list.models[0].capabilities, config::capability_set{});
}

} // namespace
} // namespace synapse::providers
