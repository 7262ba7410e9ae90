terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }

  # The state of each workspace is a file of its own, here under terraform.tfstate.d/. To share them, keep them in a bucket,
  # where each has its own key below this prefix:
  #
  # backend "s3" {
  #   bucket               = "my-terraform-states"
  #   key                  = "access-key-rotation.tfstate"
  #   workspace_key_prefix = "accounts"
  #   region               = "eu-west-1"
  #   use_lockfile         = true # needs Terraform 1.10
  # }
}
