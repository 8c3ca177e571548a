"""Where do BMLL's tables come from: the Lab, its S3 layout, or the Data API?"""
